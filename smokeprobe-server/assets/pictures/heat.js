// Heat maps: of a target, time by RTT; of a section, targets by time.

import { html } from "../vendor/preact.js";
import { t } from "../i18n.js";
import { useModel } from "../model.js";
import { seriesName } from "../names.js";
import { href, useRoute } from "../route.js";
import { RangeControl } from "../detail/range.js";
import { Rich } from "../side/rich.js";
import { SectionHeat } from "./section-heat.js";
import { TargetHeat } from "./target-heat.js";

/** Seconds that a heat map shows unless the address says, or what comes nearest of the configured ranges. */
const USUAL = 108000;

/** @param {import("../api.js").Range[]} ranges */
function usual(ranges) {
  const far = (/** @type {number} */ seconds) => Math.abs(Math.log(seconds / USUAL));
  return ranges.reduce((best, { seconds }) => (far(seconds) < far(best) ? seconds : best), ranges[0]?.seconds ?? USUAL);
}

/** @param {{section: import("../model.js").Section}} props */
export function Heat({ section }) {
  const model = useModel();
  const route = useRoute();
  const { vantage } = route;
  const ranges = model.outline?.detail.ranges ?? [];
  const seconds = usual(ranges);
  const members = section.multihost?.filter((id) => model.indices.has(id)).map((id) => ({ id, name: seriesName(id) }));
  const own = section.series.map((index) => model.series[index]).map(({ id, slave }) => ({ id, slave, name: model.vantageName(slave) }));
  const shown = members ?? own.filter(({ slave }) => !vantage || vantage === "all" || (slave ?? "local") === vantage);
  const below = section.end - section.first > section.series.length;
  return html`<div class="pictures">
    <div class="page-head">
      <${Rich} as="h1" text=${section.title} markup=${section.html} />
      <p class="actions"><a href=${href({ ...route, mode: "" })}>${shown.length ? t("detail") : t("overview")}</a></p>
      <${RangeControl} usual=${seconds} />
    </div>
    ${shown.map(({ id, name }) => html`<${TargetHeat} key=${id} id=${id} name=${shown.length > 1 || own.length > 1 ? name : ""} seconds=${seconds} />`)}
    ${below && html`<${SectionHeat} key=${section.path} section=${section} seconds=${seconds} />`}
    ${shown.length === 0 && !below && html`<p class="muted">${t("Nothing is measured here.")}</p>`}</div>`;
}
