// Several charts: their content, links between them, and their arrangement.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import { addressSays, frames, hasHistory, saysSo, shoot } from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

const FOUR = "symbol=AAPL&interval=15s&layout=4&symbol2=MSFT&interval2=1m&look2=area" +
  "&symbol3=BTC/USD&interval3=5s&indicators3=ema-10&symbol4=TSLA&interval4=1m";

/**
 * The content of each chart, the first chart first.
 * @typedef {{ symbol: string, interval: string, from: number, to: number, time: number | undefined,
 *   points: number, linked: boolean }} Shown
 */

/** @param {Page} page @returns {Promise<Shown[]>} */
async function shownOf(page) {
  await frames(page, 2);
  return await page.evaluate(() => {
    /** @typedef {{ view: { symbol: string, interval: string }, recorder: { time?: number },
     *   chartView: { shown?: { window: { from: number, to: number } }, readout: { linkedTime?: number } },
     *   tracks: { lead?: { series: { length: number } } } }} Cell */
    const { cells } = /** @type {{ tickwire: { cells: { all: Cell[] } } }} */ (
      /** @type {unknown} */ (globalThis)
    ).tickwire;
    return cells.all.map(({ view, recorder, chartView, tracks }) => ({
      symbol: view.symbol,
      interval: view.interval,
      from: chartView.shown?.window.from ?? 0,
      to: chartView.shown?.window.to ?? 0,
      time: recorder.time,
      points: tracks.lead?.series.length ?? 0,
      linked: chartView.readout.linkedTime !== undefined,
    }));
  });
}

/** @param {Page} page @param {string} what @param {(charts: Shown[]) => boolean} fits */
function chartsAre(page, what, fits) {
  return until(what, () => shownOf(page), fits);
}

/** @param {Page} page @param {string} text */
async function link(page, text) {
  await page.locator("#layouts").click();
  await page.locator(`.menu label:has-text("${text}")`).click();
  await page.keyboard.press("Escape");
}

/** @param {Desk} desk */
export async function layoutChecks({ origin, check, open }) {
  const page = await open();
  await page.goto(`${origin}/?${FOUR}`);

  await check("Four charts show the content of the address, each with its history", async () => {
    const charts = await chartsAre(
      page,
      "all have their bars",
      (charts) => charts.length === 4 && charts.every(({ points }) => points > 5),
    );
    assert.deepEqual(charts.map(({ symbol, interval }) => `${symbol} ${interval}`), [
      "AAPL 15s",
      "MSFT 1m",
      "BTC/USD 5s",
      "TSLA 1m",
    ]);
    await shoot(page, "four");
  });

  await check("The buttons act on the chart that was pressed last", async () => {
    await page.locator(".chart-cell").nth(1).click({ position: { x: 200, y: 200 } });
    await saysSo(page.locator("#symbol"), "MSFT");
    await page.locator('#intervals label:has([value="5s"])').click();
    await addressSays(page, "interval2=5s");
    await page.locator('#grid .row[data-symbol="GOOGL"]').click();
    await chartsAre(page, "it shows GOOGL", ([, second]) => second?.symbol === "GOOGL");
    await addressSays(page, "symbol2=GOOGL");
    await addressSays(page, "symbol=AAPL");
  });

  await check("Two charts of the same symbol share its history", async () => {
    await page.locator('#grid .row[data-symbol="BTC/USD"]').click();
    await chartsAre(
      page,
      "both have bars",
      ([, second, third]) => second?.symbol === "BTC/USD" && second.points === third?.points,
    );
    await frames(page, 30);
    assert.equal(await page.locator(".notice:visible").count(), 0);
  });

  await check(
    "The pointer shows on all charts, and moving a chart moves only that one",
    async () => {
      const box = await page.locator("#plot").boundingBox();
      assert.ok(box);
      await page.mouse.move(box.x + 150, box.y + 120);
      await chartsAre(
        page,
        "the others point",
        (charts) => charts.filter(({ linked }) => linked).length === 3,
      );
      const before = await shownOf(page);
      await page.mouse.down();
      await page.mouse.move(box.x + 250, box.y + 120, { steps: 5 });
      await page.mouse.up();
      const after = await chartsAre(
        page,
        "it has moved",
        ([first]) => (first?.to ?? 0) < (before[0]?.to ?? 0) - 10_000,
      );
      assert.ok((after[3]?.to ?? 0) >= (before[3]?.to ?? 0));
    },
  );

  await check("Linked ranges move together", async () => {
    await link(page, "Range");
    await addressSays(page, "link=crosshair,range,moment");
    const box = await page.locator("#plot").boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 150, box.y + 120);
    await page.mouse.down();
    await page.mouse.move(box.x + 200, box.y + 120, { steps: 5 });
    await page.mouse.up();
    await chartsAre(
      page,
      "all show the same",
      ([first, ...others]) =>
        others.every(({ from, to }) =>
          Math.abs(to - (first?.to ?? 0)) + Math.abs(from - (first?.from ?? 0)) < 4
        ),
    );
    await link(page, "Range");
  });

  await check("Linked symbols are chosen together", async () => {
    await link(page, "Symbol");
    await page.locator('#grid .row[data-symbol="TSLA"]').click();
    await chartsAre(
      page,
      "all show TSLA",
      (charts) => charts.every(({ symbol, points }) => symbol === "TSLA" && points > 0),
    );
    await link(page, "Symbol");
  });

  await check("A chart with its own moment is rewound alone", async () => {
    await page.goto(`${origin}/?${FOUR}`);
    await chartsAre(page, "all have bars", (charts) => charts.every(({ points }) => points > 5));
    await page.locator("#layouts").click();
    await page.locator('.menu label:has-text("Moment")').click();
    await page.keyboard.press("Escape");
    await page.locator(".chart-cell").nth(3).click({ position: { x: 200, y: 200 } });
    await saysSo(page.locator("#symbol"), "TSLA");
    await page.locator("#back").click();
    await page.locator("#back").click();
    const charts = await chartsAre(
      page,
      "the last one is in the past",
      (charts) => charts[3]?.time !== undefined && charts[3].points > 0,
    );
    assert.deepEqual(charts.slice(0, 3).map(({ time }) => time), [undefined, undefined, undefined]);
    await page.locator("#live").click();
    await chartsAre(page, "it is live", (charts) => charts[3]?.time === undefined);
    await page.locator("#layouts").click();
    await page.locator('.menu label:has-text("Moment")').click();
    await page.keyboard.press("Escape");
    await page.locator("#back").click();
    await chartsAre(
      page,
      "all are in the past",
      (charts) => charts.every(({ time, points }) => time !== undefined && points > 0),
    );
    await page.locator("#live").click();
  });

  await check("Borders are moved by pointer and keys, and the address keeps them", async () => {
    const border = page.locator(".border.of-column");
    const box = await border.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 3, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x - 100, box.y + 50, { steps: 4 });
    await page.mouse.up();
    await addressSays(page, "split=columns:");
    const wide = await border.getAttribute("aria-valuenow");
    await border.focus();
    await page.keyboard.press("ArrowRight");
    await until(
      "it is wider",
      () => border.getAttribute("aria-valuenow"),
      (now) => Number(now) === Number(wide) + 2,
    );
    const board = page.locator(".border.of-board");
    await board.focus();
    for (let press = 0; press < 10; press++) await page.keyboard.press("ArrowLeft");
    await page.locator(".board").waitFor({ state: "hidden" });
    await addressSays(page, "board:0");
    const other = await open();
    await other.goto(page.url());
    await chartsAre(other, "it shows four", (charts) => charts.length === 4);
    await other.locator(".board").waitFor({ state: "hidden" });
    await other.locator("#layouts").click();
    await other.locator('.menu label:has-text("Board")').click();
    await other.locator(".board").waitFor();
    await other.close();
  });

  await check("A layout can be stored as the start layout of this machine", async () => {
    await page.goto(`${origin}/?${FOUR}`);
    await chartsAre(page, "all have bars", (charts) => charts.every(({ points }) => points > 5));
    await page.locator("#layouts").click();
    await page.getByRole("button", { name: "Begin with this layout here" }).click();
    await page.keyboard.press("Escape");
    await page.goto(origin);
    await chartsAre(
      page,
      "it shows four",
      (charts) => charts.length === 4 && charts[2]?.symbol === "BTC/USD",
    );
    // A link has priority over the start layout.
    await page.goto(`${origin}/?symbol=MSFT`);
    await chartsAre(page, "it shows one", (charts) => charts.length === 1);
    await page.locator("#layouts").click();
    await page.getByRole("button", { name: "Begin as usual" }).click();
    await page.goto(origin);
    await hasHistory(page);
    assert.equal((await shownOf(page)).length, 1);
  });

  await check("A phone shows one chart at a time, and a button for each", async () => {
    const phone = await open({ viewport: { width: 390, height: 844 } });
    await phone.goto(`${origin}/?${FOUR}`);
    await phone.locator(".cells button").nth(3).waitFor();
    assert.equal(await phone.locator(".chart-cell:visible").count(), 1);
    await phone.locator(".cells button").nth(2).click();
    await saysSo(phone.locator("#symbol"), "BTC/USD");
    assert.equal(await phone.locator(".chart-cell:visible").count(), 1);
    await shoot(phone, "phone-four");
    await phone.close();
  });
  await page.close();
}
