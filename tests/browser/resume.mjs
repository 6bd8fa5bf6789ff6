// A server whose tape is on disk is killed while the page is open.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../helpers/free_port.mjs";
import { until } from "../helpers/until.mjs";
import { startServer } from "./harness.mjs";
import { ingest, priceOf, seqsOf, stateIs, ticksAgree } from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Complaints } from "./harness.mjs" */

/**
 * Checks that the chart has each tick from before and during the outage once, and that the page
 * does not load the history again.
 * @param {string} kind of server
 * @param {Page} page
 * @param {Complaints} complaints
 */
export async function resumeAfterKill(kind, page, complaints) {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-page-"));
  const tape = `sqlite:${join(folder, "tape.db")}`;
  const port = await freePort();
  const start = (/** @type {number} */ port) => startServer(kind, { port, feed: "none", tape });
  let server = await start(port);
  const { origin } = server;
  let price = 100;
  const send = async (/** @type {number} */ count, at = origin) => {
    for (let sent = 0; sent < count; sent++) await ingest(at, { symbol: "AAPL", price: ++price });
  };
  const isShown = () =>
    until(
      `${price} is shown`,
      () => priceOf(page, "AAPL"),
      (shown) => shown === `${price}.00`,
    );

  await send(10);
  await page.goto(`${origin}/?symbol=AAPL&interval=tick`);
  await until("history is there", () => seqsOf(page), ({ length }) => length === 10);
  await send(10);
  await isShown();
  let loads = 0;
  page.on("request", (request) => loads += Number(request.url().includes("/ticks?")));

  complaints.isServerGone = true;
  await server.stop("SIGKILL");
  await stateIs(page, "waiting");
  // At another address, which the page does not know.
  server = await start(await freePort());
  await send(20, server.origin);
  await server.stop("SIGKILL");
  server = await start(port);
  await send(5);
  await stateIs(page, "live");
  complaints.isServerGone = false;
  await send(5);
  await isShown();
  await ticksAgree(page, origin);
  assert.equal((await seqsOf(page)).length, 50);
  assert.equal(loads, 0);

  await page.close();
  await server.stop();
  complaints.hosts.delete(new URL(origin).host);
  rmSync(folder, { recursive: true });
}
