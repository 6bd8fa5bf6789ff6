// The chart: drawing and moving.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import {
  addressSays,
  barsAgree,
  chooseInterval,
  hasHistory,
  ingest,
  isDrawn,
  line,
  pictureMoves,
  rangeOf,
  saysSo,
  seriesLength,
  shoot,
  ticksAgree,
} from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

/** @param {Page} page */
async function plotOf(page) {
  const box = await page.locator("#plot").boundingBox();
  assert.ok(box);
  return box;
}

/** @param {Page} page @param {number} dx */
async function drag(page, dx) {
  const { x, y, width, height } = await plotOf(page);
  const [left, top] = [x + width / 2, y + height / 2];
  await page.mouse.move(left, top);
  await page.mouse.down();
  await page.mouse.move(left + dx, top, { steps: 8 });
  await page.mouse.up();
}

/** @param {Desk} desk */
export async function chartChecks({ origin, check, open }) {
  const page = await open();
  await page.goto(`${origin}/?symbol=AAPL&interval=tick`);
  await check("The line is drawn and moves", async () => {
    await isDrawn(page, 10);
    await pictureMoves(page);
  });

  await check("The line has every tick of history and stream once", () => ticksAgree(page, origin));

  await page.goto(`${origin}/?symbol=GOOGL`);
  for (const interval of ["1s", "1m"]) {
    await check(`Candles of ${interval} are drawn, move and equal /bars`, async () => {
      await chooseInterval(page, interval);
      await addressSays(page, `interval=${interval}`);
      await hasHistory(page);
      await barsAgree(page, origin, interval);
      await pictureMoves(page);
    });
  }

  await check("The values of the bar under the pointer are shown, also on both axes", async () => {
    const { x, y, width, height } = await plotOf(page);
    await page.mouse.move(x + width / 3, y + height / 2);
    await page.locator("#price-label").waitFor();
    await saysSo(page.locator("#readout"), /O\s+\d.*\s+H\s+\d.*\s+L\s+\d.*\s+C\s+\d.*\s+V\s/s);
    await saysSo(page.locator("#price-label"), /^[\d,.]+$/);
    await saysSo(page.locator("#time-label"), /:\d\d:00$/);
  });

  await check("Dragging leaves the present, and a button leads back", async () => {
    const before = await rangeOf(page);
    await drag(page, 200);
    const after = await rangeOf(page);
    assert.ok(
      after.to < before.to && Math.abs(after.to - after.from - before.to + before.from) < 1,
    );
    await page.locator("#follow").click();
    await until("it is back", () => rangeOf(page), ({ to }) => to >= before.to);
    await page.locator("#follow").waitFor({ state: "hidden" });
  });

  await check("The wheel and the keys zoom and move", async () => {
    const width = async () => {
      const { from, to } = await rangeOf(page);
      return to - from;
    };
    const before = await width();
    await page.mouse.wheel(0, 300);
    await until("more is seen", width, (now) => now > before * 1.1);
    await page.locator("#plot").focus();
    const zoomed = await width();
    await page.keyboard.press("+");
    await until("less is seen", width, (now) => now < zoomed);
    await page.keyboard.press("ArrowLeft");
    await page.locator("#follow").waitFor();
    await page.keyboard.press("End");
    await page.locator("#follow").waitFor({ state: "hidden" });
    await page.keyboard.press("0");
  });

  await check("The address keeps the range, and a copied address shows the same", async () => {
    await drag(page, 150);
    const range = await rangeOf(page);
    const from = new Date(range.from).toISOString().slice(0, 22);
    await addressSays(page, `range=${from}`);
    const other = await open();
    await other.goto(page.url());
    await hasHistory(other);
    await until(
      `it shows ${range.from} to ${range.to}`,
      () => rangeOf(other),
      ({ from, to }) => Math.abs(from - range.from) < 2 && Math.abs(to - range.to) < 2,
    );
    await other.close();
    await page.keyboard.press("End");
  });

  await check("Moving to the left loads older history, and all of it equals /bars", async () => {
    await chooseInterval(page, "1s");
    await addressSays(page, "interval=1s");
    await hasHistory(page);
    const before = await seriesLength(page);
    assert.ok(before < 700, `${before} bars`);
    const lengthAfterMore = async () => {
      await drag(page, 400);
      return await seriesLength(page);
    };
    await until("more is there", lengthAfterMore, (length) => length >= 1_000);
    await barsAgree(page, origin, "1s", 1_000);
    await page.locator("#plot").focus();
    await page.keyboard.press("End");
  });

  await check("Four symbols are compared in per cent", async () => {
    await chooseInterval(page, "1m");
    for (const symbol of ["MSFT", "TSLA", "BTC/USD"]) {
      await page.locator("#compare").fill(symbol.toLowerCase());
      await page.keyboard.press("Enter");
    }
    const words = () => page.locator("#readout").innerText();
    const perCents = (/** @type {number} */ count) => (/** @type {string} */ text) =>
      text.split("%").length - 1 === count;
    await until(
      "all are told",
      words,
      (text) => ["GOOGL", "MSFT", "TSLA", "BTC/USD"].every((name) => text.includes(name)),
    );
    await until("they are there", words, perCents(4));
    await addressSays(page, "compare=MSFT,TSLA,BTC/USD");
    await page.mouse.move(5, 5);
    await shoot(page, "compare");
    await page.getByLabel("Remove TSLA from the comparison").click();
    await until("three are left", words, perCents(3));
    await page.getByLabel("Remove MSFT from the comparison").click();
    await page.getByLabel("Remove BTC/USD from the comparison").click();
  });

  await check("Line and area are drawn too", async () => {
    for (const look of ["line", "area"]) {
      await page.locator(`#looks label:has([value="${look}"])`).click();
      await addressSays(page, `look=${look}`);
      await pictureMoves(page);
    }
  });

  await check("The chart is saved as a picture and as CSV", async () => {
    for (const [button, name] of [["#png", "GOOGL-1m.png"], ["#csv", "GOOGL-1m.csv"]]) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.locator(button ?? "").click(),
      ]);
      assert.equal(download.suggestedFilename(), name);
    }
  });

  await check("Two fingers zoom, and one finger moves", async () => {
    const touch = await open({ hasTouch: true });
    await touch.goto(`${origin}/?symbol=AAPL`);
    await hasHistory(touch);
    const devtools = await touch.context().newCDPSession(touch);
    const plot = await plotOf(touch);
    const top = plot.y + plot.height / 2;
    const fingers = (/** @type {number[]} */ ...lefts) =>
      lefts.map((left, id) => ({ x: Math.round(plot.x + plot.width * left), y: top, id }));
    const move = async (/** @type {number[][]} */ ...steps) => {
      for (const [index, step] of steps.entries()) {
        const type = index === 0 ? "touchStart" : "touchMove";
        await devtools.send("Input.dispatchTouchEvent", { type, touchPoints: fingers(...step) });
      }
      await devtools.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    };
    const before = await rangeOf(touch);
    await move([0.4, 0.6], [0.35, 0.65], [0.3, 0.7], [0.2, 0.8]);
    const width = before.to - before.from;
    const zoomed = await until(
      "less is seen",
      () => rangeOf(touch),
      ({ from, to }) => to - from < width * 0.6,
    );
    await move([0.3], [0.4], [0.6]);
    await until("what was before is seen", () => rangeOf(touch), ({ to }) => to < zoomed.to);
    await touch.close();
  });

  await check("A chart of a single tick is drawn", async () => {
    await ingest(origin, { symbol: "SINGLE", price: 1 });
    await page.locator("#search").fill("SINGLE");
    await line(page, "SINGLE").waitFor();
    await page.keyboard.press("Enter");
    await saysSo(page.locator("#symbol"), "SINGLE");
    for (const interval of ["tick", "1d"]) {
      await chooseInterval(page, interval);
      await addressSays(page, `interval=${interval}`);
      await isDrawn(page, 3);
    }
  });
  await page.close();
}
