// Who may look, and who may do something: the form, the roles, the way out.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { visiting } from "./support/browser.js";
import { Server, until } from "./support/server.js";
import { HOSTS, frame, scratchFolder } from "./support/site.js";
import { site } from "./support/stage.js";

const USERS = { ann: ["operate", "correct horse"], 王芳: ["view", "正确的马电池订书钉"] };

/** One target, whose host never answers. @param {string} folder */
const configuration = (folder) => `${frame({ folder, step: 5, pings: 3 })}
*** Probes ***
+ AnotherDNS
mininterval = 0.02
timeout = 1
port = ${site.hosts.port}
*** Alerts ***
to = |/bin/true
from = noc@example.cn
+ hostdown
type = loss
pattern = ==100%
edgetrigger = yes
comment = nothing answers
*** Targets ***
probe = AnotherDNS
menu = Top
title = Behind a door
+ Dead
menu = Dead link
title = A link that is down
host = ${HOSTS.dead}
alerts = hostdown
`;

describe("a server with users", () => {
  /** @type {Server} */
  let server;
  const folder = scratchFolder();

  before(async () => {
    writeFileSync(`${folder.path}/config`, configuration(folder.path));
    for (const [name, [role, password]] of Object.entries(USERS)) {
      const added = spawnSync(process.env.SMOKEPROBE_SERVER ?? "", ["user", "add", name, "--role", role, "--users", `${folder.path}/users`],
        { input: `${password}\n`, encoding: "utf8" });
      assert.equal(added.status, 0, added.stderr);
    }
    server = await Server.start(`${folder.path}/config`, "127.0.0.1:0", ["--users", `${folder.path}/users`]);
    const headers = { Authorization: `Basic ${Buffer.from(`ann:${USERS.ann[1]}`).toString("base64")}` };
    await until("the alert is raised", async () =>
      (await (await fetch(`${server.url}/api/v1/alerts`, { headers })).json()).standing.length === 1);
  });

  after(async () => {
    await server?.stop();
    folder.remove();
  });

  /** @param {import("playwright-core").Page} page @param {string} name @param {string} password */
  const signIn = async (page, name, password) => {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };

  // The browser itself complains of what is refused.
  const visitor = { mayFail: [/status of 401/] };

  test("asks who it is, and takes nobody whose password is wrong", () =>
    visiting(server.url, { ...visitor, theme: "dark" }, async ({ open, page, faults, picture }) => {
      await open("/?target=Dead");
      await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
      await signIn(page, "ann", "wrong horse");
      await page.getByRole("alert").filter({ hasText: "the name or the password is wrong" }).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "password");
      assert.deepEqual(await faults(), []);
      await picture("signin-dark-desk");
      await page.keyboard.type(USERS.ann[1]);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "A link that is down" }).waitFor();
      await page.getByText("live", { exact: true }).waitFor();
    }));

  test("lets those with the role view look, and the others acknowledge; and out again", () =>
    visiting(server.url, visitor, async ({ open, page, still }) => {
      await open("/?mode=alerts");
      await signIn(page, "王芳", USERS.王芳[1]);
      const row = page.getByRole("row").filter({ hasText: "Dead link" }).first();
      await row.waitFor();
      await page.getByText("You may look. Acknowledging and silencing is for operators.").waitFor();
      assert.equal(await page.getByRole("button", { name: /Acknowledge|Silence/ }).count(), 0);
      await page.locator(".bar").getByText("王芳").waitFor();

      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
      assert.equal(await page.getByText("Dead link").count(), 0);

      await signIn(page, "ann", USERS.ann[1]);
      await page.getByRole("button", { name: "Acknowledge hostdown Dead link" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: "Acknowledge" }).click();
      await row.getByText(/acknowledged by ann/).waitFor();
      await still();
    }));
});
