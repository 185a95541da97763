// Simplified Chinese, a file a part of the page. Loaded when somebody wants it.

import alerts from "./zh/alerts.js";
import base from "./zh/base.js";
import chart from "./zh/chart.js";
import pictures from "./zh/pictures.js";
import sentences from "./zh/sentences.js";
import side from "./zh/side.js";
import signin from "./zh/signin.js";

/** @type {import("../i18n.js").Dictionary} */
export default { words: { ...base, ...side, ...chart, ...pictures, ...alerts, ...signin }, sentences };
