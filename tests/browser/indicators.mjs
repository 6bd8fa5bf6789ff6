// Indicators, scales, lines and the measuring tool on a chart.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import {
  addressSays,
  answer,
  frames,
  hasHistory,
  ingest,
  isDrawn,
  pictureMoves,
  rangeOf,
  saysSo,
  shoot,
} from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

const ALL = "sma-5,ema-5,vwap,bollinger-10-2,donchian-10,rsi-7,macd-5-9-3,atr-7";

/** @param {Page} page */
async function plotOf(page) {
  const box = await page.locator("#plot").boundingBox();
  assert.ok(box);
  return box;
}

/** @param {Page} page @returns {Promise<unknown>} the stored lines */
function keptLines(page) {
  return page.evaluate(() => JSON.parse(localStorage.getItem("tickwire.lines") ?? "null"));
}

/** @param {Desk} desk */
export async function indicatorChecks({ origin, check, open }) {
  const page = await open();

  await check("Each value is shown, and the average equals that of the server's bars", async () => {
    await page.goto(`${origin}/?symbol=GOOGL&interval=1s&indicators=${ALL}`);
    await hasHistory(page);
    await isDrawn(page, 12);
    await until(
      "panes are there",
      () => page.locator(".readout.pane:visible").count(),
      (count) => count === 3,
    );
    for (const name of ["SMA 5", "EMA 5", "VWAP", "BB 10 2", "DC 10"]) {
      await saysSo(page.locator("#readout"), new RegExp(`${name}\\s+\\d`));
    }
    const panes = page.locator(".readout.pane");
    const texts = async () => (await panes.allInnerTexts()).join(" ").replaceAll(/\s+/g, " ");
    await until("panes tell", texts, (text) => /RSI 7 \d.* MACD 5 9 3 .*\d.* ATR 7 \d/.test(text));
    // An old bar, which does not change any more.
    const { x, y, width, height } = await plotOf(page);
    await page.mouse.move(x + width / 3, y + height / 4);
    const bars = await answer(`${origin}/bars?symbol=GOOGL&interval=1s&limit=600`);
    const value = page.locator("#readout > span", { hasText: /^SMA 5/ });
    await until("the averages agree", async () => {
      await frames(page, 2);
      const [time] = await page.evaluate(() => {
        /** @typedef {{ chartView: { readout: { time: number } }, tracks: { lead: { series: { indexAt(time: number): number, at(field: string, index: number): number } } } }} Cell */
        const { cells: { active } } = /** @type {{ tickwire: { cells: { active: Cell } } }} */ (
          /** @type {unknown} */ (globalThis)
        ).tickwire;
        const { series } = active.tracks.lead;
        return [series.at("time", series.indexAt(active.chartView.readout.time))];
      });
      const place = bars.findIndex((bar) => bar["time"] === time);
      const last = bars.slice(place - 4, place + 1).map((bar) => bar["close"] ?? NaN);
      const mean = last.reduce((sum, close) => sum + close, 0) / 5;
      const told = Number(/[\d.]+$/.exec((await value.innerText()).trim())?.[0]);
      assert.ok(last.length === 5 && Math.abs(told - mean) <= 0.0051, `${told}, wanted ${mean}`);
      return true;
    });
    await shoot(page, "indicators");
  });

  await check("An indicator is added, changed and removed, and the address keeps it", async () => {
    await page.goto(`${origin}/?symbol=AAPL&interval=1s`);
    await hasHistory(page);
    await page.locator("#indicators").click();
    const menu = page.locator(".menu");
    await menu.getByRole("button", { name: "Moving average" }).click();
    await addressSays(page, "indicators=sma-20");
    await menu.getByLabel("Moving average: Bars").fill("7");
    await page.keyboard.press("Tab");
    await addressSays(page, "indicators=sma-7");
    await menu.locator('input[type="color"]').fill("#ff8800");
    await addressSays(page, "indicators=sma-7@ff8800");
    await menu.getByRole("button", { name: "Relative strength" }).click();
    await addressSays(page, "indicators=sma-7@ff8800,rsi-14");
    await page.keyboard.press("Escape");
    await saysSo(page.locator("#readout"), /SMA 7\s+\d/);
    await page.reload();
    await saysSo(page.locator("#readout"), /SMA 7\s+\d/);
    await page.locator("#indicators").click();
    await menu.getByLabel("Remove SMA 7").click();
    await menu.getByLabel("Remove RSI 14").click();
    await until("the address has none", () => page.url(), (url) => !url.includes("indicators"));
    await page.keyboard.press("Escape");
    await until(
      "no pane is left",
      () => page.locator(".readout.pane:visible").count(),
      (count) => count === 0,
    );
  });

  await check("Scales are chosen, and another symbol is drawn over the prices", async () => {
    await page.goto(`${origin}/?symbol=AAPL&interval=5s&compare=MSFT`);
    await hasHistory(page);
    await saysSo(page.locator("#readout"), /%/);
    await page.locator("#chart-menu").click();
    for (const [text, name] of [["Linear", "linear"], ["Log", "log"], ["Per cent", "percent"]]) {
      await page.locator(`.menu label:has-text("${text}")`).click();
      await addressSays(page, `scale=${name}`);
      await pictureMoves(page);
      const isPercent = name === "percent";
      await until(
        "the readout is so",
        () => page.innerText("#readout"),
        (words) => words.includes("%") === isPercent,
      );
    }
    await page.keyboard.press("Escape");
  });

  await check("Times without bars are left out, and a copied range shows the same", async () => {
    const hour = 3_600_000;
    const friday = Date.parse("2026-01-09T00:00:00Z");
    const hours = [...Array(21).keys(), ...Array.from({ length: 20 }, (_, index) => 69 + index)];
    await ingest(
      origin,
      hours.map((index) => ({
        symbol: "WEEKEND",
        price: 100 + index % 7,
        time: friday + index * hour,
      })),
    );
    await page.goto(`${origin}/?symbol=WEEKEND&interval=1h`);
    await until(
      "it has all bars",
      () => page.evaluate(() => document.querySelector(".plot canvas") !== null),
    );
    const hoursInSight = () =>
      page.evaluate(() => {
        /** @typedef {{ from: number, to: number }} Window */
        /** @typedef {{ plotData?: { view: { sight: Window, window: Window } } }} Chart */
        const { chart } = /** @type {{ tickwire: { chart: Chart } }} */ (
          /** @type {unknown} */ (globalThis)
        ).tickwire;
        const { sight, window } = chart.plotData?.view ?? {};
        const hours = (/** @type {Window | undefined} */ { from, to } = { from: 0, to: 0 }) =>
          Math.round((to - from) / 3_600_000);
        return { shown: hours(sight), passed: hours(window) };
      });
    await until(
      "the weekend is seen",
      hoursInSight,
      ({ shown, passed }) => shown > 80 && shown === passed,
    );
    await page.locator("#chart-menu").click();
    await page.locator('.menu label:has-text("Leave out")').click();
    await page.keyboard.press("Escape");
    await addressSays(page, "gaps=out");
    await until(
      "Friday is seen beside Monday",
      hoursInSight,
      ({ shown, passed }) => shown < 50 && passed > 80,
    );
    await page.reload();
    await isDrawn(page, 4);
    await shoot(page, "weekend");
  });

  await check("Lines are drawn, moved, kept and removed", async () => {
    await page.goto(`${origin}/?symbol=TSLA&interval=5s`);
    await hasHistory(page);
    await isDrawn(page);
    const { x, y } = await plotOf(page);
    await page.mouse.click(x + 100, y + 100);
    await page.mouse.move(x + 200, y + 250);
    await page.keyboard.press("h");
    await until(
      "a line is kept",
      () => keptLines(page),
      (lines) => JSON.stringify(lines).includes('"level"'),
    );
    const before = JSON.stringify(await keptLines(page));
    // A tick can change the scale before the button is down, so each try looks where the line is.
    await until("it has moved", async () => {
      const top = y + await topOfLine(page);
      await page.mouse.move(x + 300, top);
      await page.mouse.down();
      await page.mouse.move(x + 300, top - 50, { steps: 4 });
      await page.mouse.up();
      return await keptLines(page);
    }, (lines) => JSON.stringify(lines) !== before);
    await page.locator("#chart-menu").click();
    await page.getByRole("button", { name: "Trend line" }).click();
    await page.mouse.move(x + 150, y + 300);
    await page.mouse.down();
    await page.mouse.move(x + 350, y + 220, { steps: 4 });
    await page.mouse.up();
    await until(
      "there are two",
      () => keptLines(page),
      (lines) => /** @type {Record<string, unknown[]>} */ (lines)["TSLA"]?.length === 2,
    );
    await page.reload();
    await hasHistory(page);
    await page.locator("#chart-menu").click();
    await until(
      "both are listed",
      () => page.locator(".menu .indicator").count(),
      (count) => count === 2,
    );
    await shoot(page, "lines");
    await page.getByLabel(/^Remove Trend/).click();
    await page.keyboard.press("Escape");
    await until("none is left", async () => {
      await page.mouse.click(x + 300, y + await topOfLine(page));
      await page.keyboard.press("Delete");
      return await keptLines(page);
    }, (lines) => JSON.stringify(lines) === "{}");
  });

  await check("Dragging with Shift measures, and does not move the chart", async () => {
    await page.goto(`${origin}/?symbol=MSFT&interval=5s`);
    await hasHistory(page);
    await isDrawn(page);
    const before = await rangeOf(page);
    const { x, y } = await plotOf(page);
    await page.keyboard.down("Shift");
    await page.mouse.move(x + 200, y + 150);
    await page.mouse.down();
    await page.mouse.move(x + 350, y + 260, { steps: 6 });
    await page.mouse.up();
    await page.keyboard.up("Shift");
    await pictureMoves(page);
    await shoot(page, "measure");
    const after = await rangeOf(page);
    assert.ok(Math.abs(after.to - after.from - before.to + before.from) < 1);
    assert.ok(after.to >= before.to);
  });

  await check("Dragging a border makes a pane higher, and the address keeps it", async () => {
    await page.goto(`${origin}/?symbol=MSFT&interval=5s&indicators=rsi`);
    await hasHistory(page);
    await page.locator(".readout.pane").waitFor();
    const { x, y } = await plotOf(page);
    const top = await page.locator(".readout.pane").boundingBox();
    assert.ok(top && top.y > y);
    await page.mouse.move(x + 200, top.y - 4);
    await page.mouse.down();
    await page.mouse.move(x + 200, top.y - 84, { steps: 4 });
    await page.mouse.up();
    await addressSays(page, "panes=");
  });
  await page.close();
}

/** Pixels from the top of the chart to the first line of TSLA, as the scale is now. @param {Page} page */
function topOfLine(page) {
  return page.evaluate(() => {
    /** @typedef {{ topOf(price: number): number, area: { top: number } }} Chart */
    const { chart } = /** @type {{ tickwire: { chart: Chart } }} */ (
      /** @type {unknown} */ (globalThis)
    ).tickwire;
    const { TSLA: [line] } = JSON.parse(localStorage.getItem("tickwire.lines") ?? "");
    return chart.area.top + chart.topOf(line.price);
  });
}
