// A target: its ranges as smoke, from every vantage point.

import { html } from "../vendor/preact.js";
import { picture } from "../api.js";
import { model, useModel } from "../model.js";
import { brief } from "../marks.js";

/** @param {{section: import("../model.js").Section}} props */
export function Detail({ section }) {
  const { outline } = useModel();
  return html`<h1>${section.title}</h1>
    ${section.series.map((index) => html`<p>${model.vantageName(model.series[index].slave)} ${brief(model.state(index))}</p>
      ${outline?.detail.ranges.map(({ seconds, label }) =>
        html`<img alt=${label} src=${picture(model.series[index].id, "svg", { from: `-${seconds}s` })} />`)}`)}`;
}
