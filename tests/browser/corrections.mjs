// Cancelled ticks vanish from the page at once, live and in the recorder.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import { startServer } from "./harness.mjs";
import { chooseInterval, ingest, line, priceOf, seriesOf, shoot, stateIs } from "./probes.mjs";

/** @import { Desk } from "./page.mjs" */

const WRONG = 1e9;
const MINUTE_MS = 60_000;

/** @param {Desk} desk */
export async function correctionChecks({ kind, complaints, check, open }) {
  const server = await startServer(kind, { feed: "none" });
  const { origin } = server;
  const start = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
  const ticks = Array.from({ length: 90 }, (_, index) => ({
    symbol: "AAPL",
    time: start + index * 20_000,
    price: index === 40 || index === 89 ? WRONG : 100 + index % 7,
    size: 1,
  }));
  await ingest(origin, [...ticks, { symbol: "APPL", time: start, price: 5 }]);
  /** @param {string} rest */
  const cancel = async (rest) => {
    const response = await fetch(`${origin}/${rest}`, { method: "DELETE" });
    assert.equal(response.status, 200);
  };
  const page = await open();
  await page.goto(`${origin}/?symbol=AAPL`);
  await stateIs(page, "live");
  const highest = async () => Math.max(...(await seriesOf(page, ["high"])).flat());
  const heldOf = async () => (await seriesOf(page, ["count"])).flat().reduce((a, b) => a + b, 0);

  await check("A cancelled tick vanishes from board and chart at once", async () => {
    await chooseInterval(page, "1m");
    await until("it is drawn", highest, (high) => high === WRONG);
    assert.match(await priceOf(page, "AAPL"), /1,?000,?000,?000/);
    await shoot(page, "correction-before");
    await cancel("ticks?symbol=AAPL&seq=41,90");
    await until("the chart has none of it", highest, (high) => high === 106);
    await until(
      "the row has none of it",
      () => priceOf(page, "AAPL"),
      (price) => /^104/.test(price),
    );
    assert.equal(await heldOf(), 88);
    await shoot(page, "correction-after");
  });

  await check("A cancelled tick vanishes from the recorder, paused or playing", async () => {
    await page.evaluate((time) => {
      /** @typedef {{ recorder: { seek(time: number, isPaused: boolean): void } }} Known */
      /** @type {{ tickwire: Known }} */ (/** @type {unknown} */ (globalThis)).tickwire.recorder
        .seek(time, true);
    }, start + 25 * MINUTE_MS);
    await until("the past is shown", heldOf, (count) => count > 0 && count < 80);
    const before = await heldOf();
    await cancel(`ticks?symbol=AAPL&from=${start}&to=${start + 5 * MINUTE_MS}`);
    await until("the chart has none of it", heldOf, (count) => count === before - 15);
    assert.equal(await highest(), 106);
  });

  await check("A cancelled symbol leaves the board", async () => {
    await page.goto(origin);
    await line(page, "APPL").waitFor();
    await cancel("symbols/APPL");
    await line(page, "APPL").waitFor({ state: "detached" });
    await ingest(origin, [{ symbol: "APPL", time: Date.now(), price: 6 }]);
    await line(page, "APPL").waitFor();
  });
  await page.close();
  await server.stop();
  complaints.hosts.delete(new URL(origin).host);
}
