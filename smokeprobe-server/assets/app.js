// Puts the page together: the bar on top, the tree at the left, what the address names at the right.

import { html, render, useEffect, useLayoutEffect, useState } from "./vendor/preact.js";
import { onSignInWanted } from "./api.js";
import { Bar, Zone } from "./bar.js";
import { later, plotted } from "./later.js";
import { Notices } from "./notices.js";
import { language, t } from "./i18n.js";
import { model, useModel } from "./model.js";
import { usePrefs } from "./prefs.js";
import { embedded, follow, href, route, useRoute } from "./route.js";
import { isMeasured } from "./sections.js";
import { PrintedFoot } from "./side/printed.js";
import { plain } from "./side/rich.js";
import { Side } from "./side/side.js";
import { panelsOf } from "./detail/panel.js";
import { MOST_WATCHED } from "./detail/rounds.js";
import { Overview } from "./overview/overview.js";

// What is only shown when it is asked for is loaded then; graphs, which most visits come to, as soon as the rest is there.
const Alerts = later(() => import("./alerts/alerts.js").then((part) => part.Alerts));
const Charts = later(() => import("./overview/charts.js").then((part) => part.Charts));
const Compare = plotted(() => import("./pictures/compare.js").then((part) => part.Compare));
const Detail = plotted(() => import("./detail/detail.js").then((part) => part.Detail));
const Heat = later(() => import("./pictures/heat.js").then((part) => part.Heat));
const SignIn = later(() => import("./signin.js").then((part) => part.SignIn));
const Status = later(() => import("./status/status.js").then((part) => part.Status));

function App() {
  const { outline, failure } = useModel();
  const route = useRoute();
  usePrefs();
  const [signIn, setSignIn] = useState(false);
  const [drawer, setDrawer] = useState(false);
  // Before the first answer is looked at, which may be here already.
  useLayoutEffect(() => onSignInWanted(() => setSignIn(true)), []);
  // What one types into the filter and the hierarchy one takes are within the drawer.
  useEffect(() => setDrawer(false), [href({ ...route, filter: "", hierarchy: "" })]);
  // With the drawer itself: a key that is pressed as soon as it is seen must count.
  useLayoutEffect(() => {
    document.body.classList.toggle("drawer", drawer);
    if (!drawer) return undefined;
    const close = (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && setDrawer(false);
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [drawer]);
  useEffect(() => {
    document.title = [titleOf(route), "smokeprobe"].filter(Boolean).join(" – ");
  }, [route, outline, language()]);

  if (signIn) {
    const done = () => {
      setSignIn(false);
      void model.start();
    };
    return html`<main id="main" class="alone"><${SignIn} onDone=${done} /></main>`;
  }
  if (!outline) {
    return html`<main id="main" class="alone" aria-busy="true">
      ${failure && html`<p class="notice" role="alert"><b>${t("The server does not answer; trying again")}</b>${failure}</p>`}
    </main>`;
  }
  const page = html`<main id="main" tabindex="-1" onClick=${() => drawer && setDrawer(false)}><${Notices} /><${Page} /></main>`;
  if (embedded) return html`<div class="frame">${page}<p class="muted"><${Zone} /></p></div>`;
  return html`
    <a class="skip" href="#main">${t("Skip to the graphs")}</a>
    <${Bar} drawer=${drawer} onDrawer=${() => setDrawer(!drawer)} />
    <${Side} />
    ${page}
    <${PrintedFoot} />`;
}

/** What the address names, in words. @param {Readonly<import("./route.js").Route>} route */
function titleOf({ mode, target }) {
  const section = model.section(target);
  const title = section ? plain(section.title, section.html) : "";
  if (mode === "heat") return [t("Heat map"), title].filter(Boolean).join(" – ");
  if (mode === "charts") return t("Charts");
  if (mode === "alerts") return t("Alerts");
  if (mode === "status") return t("Status");
  return mode === "compare" ? t("Compare") : title;
}

/** What the address names. */
function Page() {
  const route = useRoute();
  useModel();
  if (route.mode === "charts") return html`<${Charts} />`;
  if (route.mode === "alerts") return html`<${Alerts} />`;
  if (route.mode === "status") return html`<${Status} />`;
  if (route.mode === "compare") return html`<${Compare} />`;
  const section = model.section(route.target);
  if (!section) {
    return html`<h1>${t("There is no target {path}", { path: route.target })}</h1>
      <p>${t("The tree has those there are.")}</p>`;
  }
  if (route.mode === "heat") return html`<${Heat} key=${section.path} section=${section} />`;
  // A section with a host may have sections inside: its own graphs first, then theirs.
  const own = isMeasured(section);
  return html`
    ${own && html`<${Detail} key=${section.path} section=${section} />`}
    ${(!own || section.children.length > 0) && html`<${Overview} key=${`o${section.path}`} section=${section} own=${own} />`}`;
}

/** What the charts of the address will watch, so that the first stream has it. */
function watchedFirst() {
  const { mode, target, vantage, compare } = route();
  if (mode === "compare") return compare.filter((id) => model.indices.has(id)).slice(0, MOST_WATCHED);
  const section = model.section(target);
  if (mode !== "" || !section) return [];
  return panelsOf(section, vantage).flatMap(({ members }) => members.map(({ id }) => id)).slice(0, MOST_WATCHED);
}

document.addEventListener("click", follow);
render(html`<${App} />`, document.body);
void model.start(watchedFirst);
