// Simplified Chinese, a file a part of the page.

import alerts from "./zh/alerts.js";
import base from "./zh/base.js";
import chart from "./zh/chart.js";
import pictures from "./zh/pictures.js";
import side from "./zh/side.js";
import signin from "./zh/signin.js";

/** @type {Record<string, string>} */
export default { ...base, ...side, ...chart, ...pictures, ...alerts, ...signin };
