// Heat maps: of a target, time by RTT; of a section, targets by time.

import { html } from "../vendor/preact.js";
import { t } from "../i18n.js";
import { useModel } from "../model.js";
import { href, useRoute } from "../route.js";
import { RangeControl } from "../detail/range.js";
import { Rich } from "../side/rich.js";
import { SectionHeat } from "./section-heat.js";
import { TargetHeat } from "./target-heat.js";

/** Seconds that a heat map shows unless the address says. */
export const HEAT_SECONDS = 108000;

/** @param {{section: import("../model.js").Section}} props */
export function Heat({ section }) {
  const { outline, series } = useModel();
  const route = useRoute();
  const { vantage } = route;
  const shown = section.series.filter((index) => !vantage || vantage === "all" || (series[index].slave ?? "local") === vantage);
  return html`
    <div class="page-head">
      <${Rich} as="h1" text=${section.title} markup=${section.html} />
      <p class="actions"><a href=${href({ ...route, mode: "" })}>${section.series.length ? t("detail") : t("overview")}</a></p>
      <${RangeControl} ranges=${outline?.detail.ranges ?? []} usual=${HEAT_SECONDS} />
    </div>
    ${shown.map((index) => html`<${TargetHeat} key=${series[index].id} id=${series[index].id} several=${section.series.length > 1} />`)}
    ${section.end - section.first > section.series.length && html`<${SectionHeat} key=${section.path} section=${section} />`}
    ${section.end === section.first && html`<p class="muted">${t("Nothing is measured here.")}</p>`}`;
}
