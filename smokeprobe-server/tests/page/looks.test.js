// Every kind of page, in both themes, on a desk and on a phone: nothing complains, nothing is wider than the window, and
// axe-core finds nothing serious.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { DESKTOP, PHONE } from "./support/browser.js";
import { visit } from "./support/stage.js";

const PAGES = {
  top: "/",
  section: "/?target=Storage",
  troubles: "/?target=Edge",
  detail: "/?target=Console.BeijingConsole",
  vantages: "/?target=Storage.NingxiaS3",
  overlaid: "/?target=Storage.NingxiaS3&vantage=all",
  zoomed: "/?target=Console.BeijingConsole&from=-30h",
  raised: "/embed?target=Edge.Lossy&from=-5m",
  lost: "/?target=Edge.Dead",
  multihost: "/?target=Storage.Both",
  heat: "/?target=Console.BeijingConsole&mode=heat",
  "section-heat": "/?target=Console&mode=heat",
  compare: "/?mode=compare&compare=Console.BeijingConsole,Storage.NingxiaS3~tokyo",
  charts: "/?mode=charts",
  chart: "/?mode=charts&chart=max",
  alerts: "/?mode=alerts",
  alertsof: "/?mode=alerts&target=Console&alert=someloss&from=-1d",
  status: "/?mode=status",
  filtered: "/?filter=link",
  unsupported: "/?target=Other.Game",
  evil: "/?target=Other.Evil",
  missing: "/?target=No.Such",
  chinese: "/?target=Console&lang=zh-CN",
  frame: "/embed?target=Console.BeijingConsole&from=-3h",
};

describe("each kind of page", { concurrency: 2 }, () => {
  for (const [name, address] of Object.entries(PAGES)) {
    test(`looks well and is fit for all: ${name}`, () =>
      visit({}, async ({ page, still, picture, faults, open }) => {
        await open(address);
        await still();
        for (const [theme, device, window] of /** @type {const} */ ([
          ["light", "desk", DESKTOP], ["dark", "desk", DESKTOP], ["dark", "phone", PHONE], ["light", "phone", PHONE],
        ])) {
          await page.setViewportSize(window);
          await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
          await still();
          await picture(`${name}-${theme}-${device}`);
          const over = await page.evaluate(() => [document.documentElement, document.querySelector("main")]
            .flatMap((part) => (part && part.scrollWidth > part.clientWidth ? [`${part.localName} by ${part.scrollWidth - part.clientWidth} pixels`] : [])));
          assert.deepEqual(over, [], `wider than its place on a ${device}`);
          if ((theme === "light") === (device === "desk")) {
            assert.deepEqual(await faults(), [], `${theme}, ${device}`);
          }
        }
      }));
  }
});
