// Messages of the page about faults and special states.

import assert from "node:assert/strict";
import { faultsOf } from "./access.mjs";
import { freePort } from "../helpers/free_port.mjs";
import { until } from "../helpers/until.mjs";
import { startBrowser, startServer } from "./harness.mjs";
import {
  barsAgree,
  chooseInterval,
  frames,
  hasHistory,
  ingest,
  line,
  priceMoves,
  saysSo,
  shoot,
  stateIs,
  ticksAgree,
} from "./probes.mjs";
import { resumeAfterKill } from "./resume.mjs";

/** @import { Desk } from "./page.mjs" */

/** @param {Desk} desk */
export async function stateChecks(desk) {
  await keyChecks(desk);
  await emptyChecks(desk);
  await lossChecks(desk);
}

/** @param {Desk} desk */
async function keyChecks({ kind, feed, origin, complaints, check, open }) {
  await check("The page asks for a key that the server needs, and keeps it", async () => {
    complaints.isServerGone = true;
    const key = "sesame";
    const more = ["--read-key", key, "--write-key", "mellon"];
    const locked = await startServer(kind, { port: await freePort(), feed, more, key });
    const page = await open();
    let sockets = 0;
    page.on("websocket", () => sockets++);
    await page.goto(locked.origin);
    await stateIs(page, "refused");
    await page.locator("#key").waitFor();
    assert.match(await page.innerText("#refusal"), / without a key: send one as /);
    assert.match(await page.innerText("#state"), /^Refused: Cannot .* without a key/);
    assert.deepEqual(await faultsOf(page), []);
    await shoot(page, "key");
    await page.locator("#key").fill("nonsense");
    await page.keyboard.press("Enter");
    await until("it is told", async () => /not know/.test(await page.innerText("#refusal")));
    await page.waitForTimeout(1_500);
    assert.equal(sockets, 2);
    await page.locator("#key").fill(key);
    await page.keyboard.press("Enter");
    await stateIs(page, "live");
    await line(page, "AAPL").waitFor();
    await page.locator("#refused").waitFor({ state: "hidden" });
    await page.reload();
    await stateIs(page, "live");
    // A client of a room needs the right to write.
    await page.goto(`${locked.origin}/?room=desk`);
    await stateIs(page, "live");
    await until("it is told", async () => /desk: refused/.test(await page.innerText("#people")));
    assert.match(await page.locator("#people span").getAttribute("title") ?? "", /only reads$/);
    await page.close();
    await locked.stop();
    complaints.hosts.delete(new URL(locked.origin).host);
    complaints.isServerGone = false;
  });

  await check("A page with a foreign name for this machine gets nothing", async () => {
    const foreign = await startBrowser(["--host-resolver-rules=MAP evil.example 127.0.0.1"]);
    try {
      const page = await foreign.newPage();
      const evil = origin.replace("localhost", "evil.example");
      const answer = await page.goto(`${evil}/`);
      assert.equal(answer?.status(), 403);
      assert.match(await page.innerText("body"), /bad_host/);
      // /healthz answers, and from its origin the page asks for more.
      await page.goto(`${evil}/healthz`);
      const [status, socket] = await page.evaluate(async () => {
        const headers = { "content-type": "application/json" };
        const body = '{"symbol":"EVIL","price":1}';
        const { status } = await fetch("/ticks", { method: "POST", headers, body });
        const opened = new Promise((done) => {
          const socket = new WebSocket(`ws://${location.host}/ws?symbol=AAPL`);
          socket.onopen = () => done("opened");
          socket.onerror = () => done("refused");
        });
        return [status, await opened];
      });
      assert.deepEqual([status, socket], [403, "refused"]);
    } finally {
      await foreign.close();
    }
  });

  await check("A refused connection shows the reason and is not retried", async () => {
    const page = await open();
    let attempts = 0;
    await page.clock.install();
    await page.routeWebSocket(/\/ws$/, (socket) => {
      attempts++;
      void socket.close({ code: 4403, reason: "Not for you" });
    });
    await page.goto(origin);
    await stateIs(page, "refused");
    await saysSo(page.locator("#state"), "Refused: Not for you");
    // All timers have run by now.
    await page.clock.fastForward("10:00");
    await frames(page, 2);
    assert.equal(attempts, 1);
    await page.close();
  });
}

/** @param {Desk} desk */
async function emptyChecks({ kind, complaints, check, open }) {
  await check("A server without symbols shows how to feed it", async () => {
    const other = await startServer(kind, { feed: "none" });
    const page = await open();
    await page.goto(other.origin);
    await page.locator(".empty").waitFor();
    const commands = await page.locator(".empty code").allInnerTexts();
    assert.equal(commands.length, 3);
    assert.ok(commands[0]?.startsWith("curl ") && commands[0].endsWith(`${other.origin}/ticks`));
    assert.deepEqual(await faultsOf(page), []);
    await shoot(page, "empty");
    await ingest(other.origin, { symbol: "DEMO", price: 1.5 });
    await line(page, "DEMO").waitFor();
    await saysSo(page.locator("#symbol"), "DEMO");
    await page.close();
    await other.stop();
    complaints.hosts.delete(new URL(other.origin).host);
  });
}

/** @param {Desk} desk */
async function lossChecks({ kind, feed, complaints, check, open }) {
  const port = await freePort();
  let server = await startServer(kind, { port, feed });
  const { origin } = server;
  const page = await open();
  await page.goto(`${origin}/?symbol=AAPL`);
  await stateIs(page, "live");

  await check("After a kill, the page waits for the server", async () => {
    await priceMoves(page, "AAPL");
    complaints.isServerGone = true;
    await server.stop("SIGKILL");
    // Between waits, which may be short, the page tries to connect.
    await saysSo(page.locator("#state"), /^Offline: /);
    await saysSo(page.locator("#countdown"), /^next try in \d+ s$/);
    await shoot(page, "offline");
  });

  await check("The page finds a server that is back, and goes on", async () => {
    server = await startServer(kind, { port, feed });
    await stateIs(page, "live");
    complaints.isServerGone = false;
    await priceMoves(page, "AAPL");
    await line(page, "GOOGL").click();
    await hasHistory(page);
    await barsAgree(page, origin, "1m");
  });

  await check("A planned restart is announced, and the page goes on after it", async () => {
    complaints.isServerGone = true;
    await line(page, "AAPL").click();
    await chooseInterval(page, "tick");
    await server.stop("SIGTERM");
    server = await startServer(kind, { port, feed });
    await stateIs(page, "live");
    complaints.isServerGone = false;
    await priceMoves(page, "MSFT");
    await ticksAgree(page, origin);
  });
  await page.close();
  await server.stop();
  complaints.hosts.delete(new URL(origin).host);

  await check("After a kill the chart goes on without a gap", async () => {
    await resumeAfterKill(kind, await open(), complaints);
  });
}
