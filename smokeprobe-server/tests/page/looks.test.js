// Every kind of page, in both themes, on a desk and on a phone: nothing complains, and axe-core finds nothing serious.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { DESKTOP, PHONE } from "./support/browser.js";
import { visit } from "./support/stage.js";

const PAGES = {
  top: "/",
  section: "/?target=Storage",
  detail: "/?target=Console.BeijingConsole",
  vantages: "/?target=Storage.NingxiaS3",
  overlaid: "/?target=Storage.NingxiaS3&vantage=all",
  zoomed: "/?target=Console.BeijingConsole&from=-30h",
  lost: "/?target=Edge.Dead",
  multihost: "/?target=Storage.Both",
  heat: "/?target=Console.BeijingConsole&mode=heat",
  sectionheat: "/?target=Console&mode=heat",
  compare: "/?mode=compare&compare=Console.BeijingConsole,Storage.NingxiaS3~tokyo",
  charts: "/?mode=charts",
  chart: "/?mode=charts&chart=max",
  alerts: "/?mode=alerts",
  alertsof: "/?mode=alerts&target=Console&alert=someloss&from=-1d",
  status: "/?mode=status",
  unsupported: "/?target=Other.Game",
  evil: "/?target=Other.Evil",
  missing: "/?target=No.Such",
  chinese: "/?target=Console&lang=zh-CN",
};

describe("each kind of page", { concurrency: 2 }, () => {
  for (const [name, address] of Object.entries(PAGES)) {
    for (const theme of /** @type {const} */ (["light", "dark"])) {
      for (const [device, window] of Object.entries({ desk: DESKTOP, phone: PHONE })) {
        test(`${name}, ${theme}, ${device}`, () =>
          visit({ theme, window }, async (visit) => {
            await visit.open(address);
            await visit.still();
            await visit.picture(`${name}-${theme}-${device}`);
            assert.deepEqual(await visit.faults(), []);
          }));
      }
    }
  }
});
