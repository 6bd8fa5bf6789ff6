// The chart: what it shows, and how it is moved.

import assert from "node:assert/strict";
import { sleep, until } from "./harness.mjs";
import {
  barsAgree,
  canvasOf,
  chooseInterval,
  hasHistory,
  rangeOf,
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
    const before = await canvasOf(page);
    assert.ok(before.colors > 10, `${before.colors} colours`);
    await sleep(1_000);
    assert.notEqual((await canvasOf(page)).picture, before.picture);
  });

  await check("The line has every tick of history and stream once", () => ticksAgree(page, origin));

  await page.goto(`${origin}/?symbol=GOOGL`);
  for (const interval of ["1s", "1m"]) {
    await check(`Candles of ${interval} are drawn, move and equal /bars`, async () => {
      await chooseInterval(page, interval);
      await until("the address says so", () => page.url().includes(`interval=${interval}`));
      await until("history is there", () => hasHistory(page));
      const before = await canvasOf(page);
      assert.ok(before.colors > 5, `${before.colors} colours`);
      await barsAgree(page, origin, interval);
      await sleep(2_000);
      assert.notEqual((await canvasOf(page)).picture, before.picture);
    });
  }

  await check("The values of the bar under the pointer are told, on both axes too", async () => {
    const { x, y, width, height } = await plotOf(page);
    await page.mouse.move(x + width / 3, y + height / 2);
    await page.locator("#price-label").waitFor();
    const words = (await page.locator("#readout").innerText()).replaceAll(/\s+/g, " ");
    assert.match(words, /O \d.* H \d.* L \d.* C \d.* V /);
    assert.match(await page.innerText("#price-label"), /^[\d,.]+$/);
    assert.match(await page.innerText("#time-label"), /:\d\d:00$/);
  });

  await check("Dragging moves away from the present, and a button leads back", async () => {
    const before = await rangeOf(page);
    await drag(page, 200);
    const after = await rangeOf(page);
    assert.ok(
      after.to < before.to && Math.abs(after.to - after.from - before.to + before.from) < 1,
    );
    await page.locator("#follow").click();
    assert.ok((await rangeOf(page)).to >= before.to);
    await page.locator("#follow").waitFor({ state: "hidden" });
  });

  await check("The wheel and the keys zoom and move", async () => {
    const width = async () => {
      const { from, to } = await rangeOf(page);
      return to - from;
    };
    const before = await width();
    await page.mouse.wheel(0, 300);
    await until("more is seen", async () => await width() > before * 1.1);
    await page.locator("#plot").focus();
    const zoomed = await width();
    await page.keyboard.press("+");
    await until("less is seen", async () => await width() < zoomed);
    await page.keyboard.press("ArrowLeft");
    await page.locator("#follow").waitFor();
    await page.keyboard.press("End");
    await page.locator("#follow").waitFor({ state: "hidden" });
    await page.keyboard.press("0");
  });

  await check("The address keeps the range, and a copied one shows the same", async () => {
    await drag(page, 150);
    const range = await rangeOf(page);
    const from = new Date(range.from).toISOString().slice(0, 22);
    await until("the address says so", () => page.url().includes(`range=${from}`));
    const other = await open();
    await other.goto(page.url());
    await until("history is there", () => hasHistory(other));
    const same = await rangeOf(other);
    assert.ok(Math.abs(same.from - range.from) < 2 && Math.abs(same.to - range.to) < 2);
    await other.close();
    await page.keyboard.press("End");
  });

  await check("Moving to the left loads older history, and all of it equals /bars", async () => {
    await chooseInterval(page, "1s");
    await until("history is there", () => hasHistory(page));
    const before = await seriesLength(page);
    assert.ok(before < 700, `${before} bars`);
    for (let turn = 0; turn < 20 && await seriesLength(page) < 1_000; turn++) {
      await drag(page, 400);
      await sleep(250);
    }
    await until("more is there", async () => await seriesLength(page) > before + 300);
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
    await until("all are told", async () => {
      const text = await words();
      return ["GOOGL", "MSFT", "TSLA", "BTC/USD"].every((name) => text.includes(name));
    });
    await until("they are there", async () => ((await words()).match(/%/g) ?? []).length === 4);
    await until("the address says so", () => page.url().includes("compare=MSFT,TSLA,BTC/USD"));
    await page.mouse.move(5, 5);
    await sleep(500);
    await shoot(page, "compare");
    await page.getByLabel("Compare no longer with TSLA").click();
    await until("three are left", async () => ((await words()).match(/%/g) ?? []).length === 3);
    await page.getByLabel("Compare no longer with MSFT").click();
    await page.getByLabel("Compare no longer with BTC/USD").click();
  });

  await check("Line and area are drawn too", async () => {
    for (const look of ["line", "area"]) {
      await page.locator(`#looks label:has([value="${look}"])`).click();
      await sleep(200);
      assert.ok((await canvasOf(page)).colors > 5);
    }
    await until("the address says so", () => page.url().includes("look=area"));
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

  await check("Two fingers zoom, and one moves", async () => {
    const touch = await open({ hasTouch: true });
    await touch.goto(`${origin}/?symbol=AAPL`);
    await until("history is there", () => hasHistory(touch));
    const devtools = await touch.context().newCDPSession(touch);
    const { x, y, width, height } = await plotOf(touch);
    const top = y + height / 2;
    const fingers = (/** @type {number[]} */ ...lefts) =>
      lefts.map((left, id) => ({ x: Math.round(x + width * left), y: top, id }));
    const move = async (/** @type {number[][]} */ ...steps) => {
      for (const [index, step] of steps.entries()) {
        const type = index === 0 ? "touchStart" : "touchMove";
        await devtools.send("Input.dispatchTouchEvent", { type, touchPoints: fingers(...step) });
      }
      await devtools.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    };
    const before = await rangeOf(touch);
    await move([0.4, 0.6], [0.35, 0.65], [0.3, 0.7], [0.2, 0.8]);
    const zoomed = await rangeOf(touch);
    assert.ok(zoomed.to - zoomed.from < (before.to - before.from) * 0.6);
    await move([0.3], [0.4], [0.6]);
    assert.ok((await rangeOf(touch)).to < zoomed.to);
    await touch.close();
  });

  await check("A chart of a single tick is drawn", async () => {
    await page.locator("#search").fill("NEW.SYMBOL-1");
    if (await page.locator("#nothing").isVisible()) await page.locator("#search").fill("AAPL");
    await page.keyboard.press("Enter");
    for (const interval of ["tick", "1d"]) {
      await chooseInterval(page, interval);
      await until("it is drawn", async () => (await canvasOf(page)).colors > 3);
    }
  });
  await page.close();
}
