// What every viewer should know, above everything else.

import { html } from "./vendor/preact.js";
import { said, t } from "./i18n.js";
import { useModel } from "./model.js";
import { place } from "./route.js";

/** @type {Record<string, string>} */
const TITLES = {
  not_ready: "The server is not measuring yet",
  config_error: "The configuration on disk has errors; the one before it goes on running",
  writer_blocked: "Rounds cannot be written to disk",
  disk_nearly_full: "Soon rounds cannot be written",
  set_aside: "Damaged files",
  alerts_blocked: "Alerts are told, but a restart may forget them",
  alerts_set_aside: "Silences and acknowledgements are gone",
  open_to_all: "Everybody who reaches this server may look",
  users_error: "The file of users has an error; the users before it go on",
};

export function Notices() {
  const { notices } = useModel();
  return html`${notices.map(({ kind, message }) => {
    const more = kind === "config_error" ? html` <a href=${place({ mode: "status" })}>${t("Details")}</a>` : "";
    if (kind === "not_ready" && message === "stopping") return html`<div class="notice" role="alert" key=${kind}><b>${t("The server is stopping")}</b></div>`;
    const [first, ...rest] = message.split("\n");
    return html`<div class="notice" role="alert" key=${kind}>
      <b>${t(TITLES[kind] ?? kind)}${more}</b>${rest.length > 0 && kind === "config_error" ? `${first} …` : said(message)}</div>`;
  })}`;
}
