// The recorder: the whole page shows the market as it was.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { until } from "../helpers/until.mjs";
import {
  addressSays,
  answer,
  chooseInterval,
  frames,
  line,
  priceMoves,
  priceOf,
  seriesOf,
  shoot,
  stateIs,
} from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

/** The moment on the page. @param {Page} page @returns {Promise<number | undefined>} */
function momentOf(page) {
  return page.evaluate(() => {
    /** @typedef {{ recorder: { time: number | undefined } }} Known */
    return /** @type {{ tickwire: Known }} */ (/** @type {unknown} */ (globalThis)).tickwire
      .recorder.time;
  });
}

/** The rows of the board. @param {Page} page @returns {Promise<Record<string, unknown>[]>} */
function boardOf(page) {
  return page.evaluate(() => {
    /** @typedef {{ board: { rows: Map<string, Record<string, unknown>> } }} Known */
    const { board } =
      /** @type {{ tickwire: Known }} */ (/** @type {unknown} */ (globalThis)).tickwire;
    return [...board.rows.values()];
  });
}

/** @param {Page} page @param {number} share of the timeline */
async function dragTo(page, share) {
  const box = await page.locator("#timeline").boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + box.width * 0.95, box.y + 15);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * share, box.y + 15, { steps: 12 });
  await page.mouse.up();
}

/** Waits for so many more ticks of AAPL. @param {string} origin @param {number} count */
async function ticksAreMade(origin, count) {
  const newest = async () => (await answer(`${origin}/ticks?symbol=AAPL&limit=1`))[0]?.["seq"] ?? 0;
  const before = await newest();
  // All symbols share the seqs, so the seqs grow ten times as fast.
  await until("ticks are made", newest, (seq) => seq > before + 10 * count);
}

/**
 * Waits until the board equals one calculated here from the ticks before the moment.
 * @param {Page} page
 * @param {string} origin
 */
async function boardAgrees(page, origin) {
  await until("the board agrees", () => compareBoard(page, origin).then(() => true));
}

/** @param {Page} page @param {string} origin */
async function compareBoard(page, origin) {
  const time = await momentOf(page) ?? NaN;
  const rows = await boardOf(page);
  const day = time - time % 86_400_000;
  assert.ok(rows.length >= 8);
  for (const row of rows) {
    const query = `symbol=${row["symbol"]}&from=${day}&to=${time}&limit=1000000`;
    const ticks = await answer(`${origin}/ticks?${query}`);
    const prices = ticks.map(({ price }) => price ?? NaN);
    const volume = ticks.reduce((sum, { size }) => sum + (size ?? 0), 0);
    assert.equal(row["price"], prices.at(-1), String(row["symbol"]));
    assert.equal(row["time"], ticks.at(-1)?.["time"]);
    assert.equal(row["high"], Math.max(...prices));
    assert.equal(row["low"], Math.min(...prices));
    assert.ok(Math.abs(Number(row["volume"]) - volume) < 1e-6 * volume);
  }
}

/** @param {Desk} desk */
export async function recorderChecks({ origin, check, open }) {
  const page = await open();
  await page.goto(`${origin}/?symbol=AAPL`);
  await line(page, "ETH/USD").waitFor();

  await check(
    "Dragging to a moment shows the board of the ticks until then",
    async () => {
      await dragTo(page, 0.5);
      await stateIs(page, "replay");
      await boardAgrees(page, origin);
      const before = await priceOf(page, "AAPL");
      await ticksAreMade(origin, 5);
      await frames(page, 10);
      assert.equal(await priceOf(page, "AAPL"), before);
    },
  );

  await check("The chart ends at that moment, with the bar as it was then", async () => {
    const time = await momentOf(page) ?? NaN;
    await until("its last bar does", async () => {
      const [starts = [], closes = [], counts = []] = await seriesOf(page, [
        "time",
        "close",
        "count",
      ]);
      const start = starts.at(-1) ?? 0;
      const query = `symbol=AAPL&from=${start}&to=${time}&limit=100000`;
      const ticks = await answer(`${origin}/ticks?${query}`);
      return start <= time && start > time - 60_000 && counts.at(-1) === ticks.length &&
        closes.at(-1) === ticks.at(-1)?.["price"];
    });
    await shoot(page, "recorder");
  });

  await check("A step goes one bar back, and the board follows", async () => {
    const before = await momentOf(page) ?? NaN;
    await page.locator("#back").click();
    assert.equal(await momentOf(page), before - 60_000);
    await boardAgrees(page, origin);
  });

  await check("The recorder plays at its speed, and stops at its position", async () => {
    const start = await momentOf(page) ?? NaN;
    await page.locator("#speeds label:has-text('100×')").click();
    await page.locator("#play").click();
    await until(
      "a minute has been played",
      () => momentOf(page),
      (time) => Number(time) > start + 60_000,
    );
    await priceMoves(page, "AAPL");
    await page.locator("#play").click();
    const stopped = await momentOf(page) ?? NaN;
    await frames(page, 30);
    assert.equal(await momentOf(page), stopped);
    const rows = await boardOf(page);
    // At this speed, one frame is worth some seconds.
    assert.ok(rows.every(({ time }) => Number(time) <= stopped + 30_000));
  });

  await check("Another symbol joins at the same moment", async () => {
    const time = await momentOf(page) ?? NaN;
    await line(page, "TSLA").click();
    await chooseInterval(page, "tick");
    await until(
      `its ticks end at ${time}`,
      async () => (await seriesOf(page, ["time"]))[0] ?? [],
      (times) => {
        const last = Number(times.at(-1));
        return times.length > 5 && last < time && last > time - 60_000;
      },
    );
    assert.equal(await momentOf(page), time);
  });

  await check("A link shows others the same moment", async () => {
    const moment = new Date(await momentOf(page) ?? NaN).toISOString();
    await addressSays(page, `time=${moment}`);
    const other = await open();
    await other.goto(page.url());
    await stateIs(other, "replay");
    const board = await boardOf(page);
    await until("the boards agree", () => boardOf(other), (rows) => isDeepStrictEqual(rows, board));
    await other.close();
  });

  await check("The keys move the moment, and End leads to the present", async () => {
    const before = await momentOf(page) ?? NaN;
    await page.locator("#timeline").focus();
    await page.keyboard.press("ArrowLeft");
    await until("it is earlier", () => momentOf(page), (time) => Number(time) < before);
    await page.keyboard.press("End");
    await stateIs(page, "live");
    assert.equal(await momentOf(page), undefined);
    await priceMoves(page, "AAPL");
    await until("the address is live", () => page.url(), (url) => !url.includes("time="));
  });

  await check("The present can be stopped, and a finished replay is live", async () => {
    await page.locator("#play").click();
    await stateIs(page, "replay");
    await ticksAreMade(origin, 5);
    await page.locator("#speeds label:has-text('100×')").click();
    await page.locator("#play").click();
    await stateIs(page, "live");
    await priceMoves(page, "MSFT");
  });
  await page.close();
}
