// What a history lacks, because there was too much.

import { html } from "../vendor/preact.js";
import * as format from "../format.js";
import { t } from "../i18n.js";

/** @param {{history: {since: number | null, until: number | null}}} props */
export function Missing({ history: { since, until } }) {
  return html`${since !== null && html`<p class="muted missing">${t("Alerts before {time} are not shown: there are too many. Choose a shorter time.", { time: format.dateTime(since, false) })}</p>`}
    ${until !== null && html`<p class="muted missing">${t("Of alerts that were cleared after {time}, not all are shown: too much has happened since.", { time: format.dateTime(until, false) })}</p>`}`;
}
