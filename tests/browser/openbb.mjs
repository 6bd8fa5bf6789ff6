// Widgets of OpenBB Workspace in a real browser, with its table and its chart library:
// `node tests/browser/openbb.mjs [bun|deno|dist/tickwire]`. SHOTS=folder keeps pictures.

import assert from "node:assert/strict";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Checks } from "../helpers/checks.mjs";
import { freePort } from "../helpers/free_port.mjs";
import { until } from "../helpers/until.mjs";
import { Complaints, newPage, startBrowser, startServer } from "./harness.mjs";
import { startPages } from "./page_host.mjs";
import { ingest, saysSo, shoot } from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @typedef {Record<string, string | number | null>} Row */

const kind = process.argv[2] ?? "bun";
const SYMBOLS = ["AAPL", "GOOGL", "MSFT", "AMZN", "TSLA", "EUR/USD", "BTC/USD"];
const LIVE = "price change change_percent bid ask high low volume".split(" ");
const TICKS_PER_BATCH = 20;
const BATCH_MS = 20;
const LIVELY_MS = 10_000;

const pages = await startPages(await freePort());
const server = await startServer(kind, {
  feed: "none",
  more: ["--origin", pages.origin],
});
const browser = await startBrowser();
const complaints = new Complaints();
const checks = new Checks();
const check = checks.check.bind(checks);

let price = 100;
let count = 0;
/** Sends a thousand ticks a second for a time. */
async function feed(/** @type {number} */ ms) {
  for (const end = performance.now() + ms; performance.now() < end;) {
    const due = performance.now() + BATCH_MS;
    const batch = Array.from({ length: TICKS_PER_BATCH }, (_, index) => {
      price = Math.round(10_000 + 2_000 * Math.sin(count / 97) + 40 * index) / 100;
      const symbol = SYMBOLS[count++ * 3 % SYMBOLS.length] ?? "";
      return { symbol, price, size: index + 1, bid: price - 0.5, ask: price + 0.5 };
    });
    await ingest(server.origin, batch);
    await sleep(Math.max(0, due - performance.now()));
  }
}

/** The state that the grid reports. @param {Page} page */
function read(page) {
  return page.evaluate(() => {
    const { liveGrid } = /** @type {any} */ (globalThis);
    const { closes, problems, isOpen } = liveGrid;
    const rows = /** @type {Row[]} */ (liveGrid.rows());
    const arrivals = /** @type {[string, number[]][]} */ ([...liveGrid.arrivals]);
    return { rows, arrivals, closes, problems, isOpen };
  });
}

/** @param {Page} page @param {object} params */
function choose(page, params) {
  return page.evaluate(
    (params) => /** @type {any} */ (globalThis).liveGrid.choose(params),
    params,
  );
}

/** Waits until every live cell equals the board. @param {Page} page @param {string} query */
async function agrees(page, query) {
  const response = await fetch(`${server.origin}/snapshot?${query}`);
  const board = /** @type {Row[]} */ (await response.json());
  const live = (/** @type {Row} */ row) => ["symbol", ...LIVE].map((field) => row[field]);
  const shown = async () => (await read(page)).rows.map(live);
  await until(
    `the grid has ${JSON.stringify(board.map(live))}`,
    shown,
    (rows) => isDeepStrictEqual(rows, board.map(live)),
  );
  for (const { symbol, price } of board) {
    const cell = page.locator(`[row-id="${symbol}"] [col-id="price"]`);
    await saysSo(cell, price === null ? "" : String(price));
  }
  const { problems, closes, isOpen } = await read(page);
  assert.deepEqual({ problems, closes, isOpen }, { problems: [], closes: 0, isOpen: true });
}

const yesterday = Date.now() - 86_400_000;
await ingest(server.origin, SYMBOLS.map((symbol) => ({ symbol, price, time: yesterday })));
await ingest(server.origin, SYMBOLS.map((symbol) => ({ symbol, price, size: 1 })));
const grid = await newPage(browser, complaints);

await check("After 10 s at 1,000 ticks/s every live cell equals the newest row", async () => {
  await grid.goto(`${pages.origin}/grid.html?backend=${server.origin}`);
  const symbol = "AAPL,GOOGL,MSFT,NOPE,EUR/USD";
  await grid.evaluate(
    (symbol) => /** @type {any} */ (globalThis).liveGrid.open({ chosen: "AAPL", symbol }),
    symbol,
  );
  await until("the socket is open", async () => (await read(grid)).isOpen);
  await feed(LIVELY_MS);
  await shoot(grid, "openbb-grid");
  await agrees(grid, `symbol=${symbol}`);
});

await check("No row was updated more than ten times a second", async () => {
  const { arrivals } = await read(grid);
  assert.equal(arrivals.length, 5);
  for (const [symbol, times] of arrivals) {
    const allowed = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 100 + 10;
    assert.ok(times.length <= allowed, `${symbol}: ${times.length} in ${allowed * 100} ms`);
    if (symbol !== "NOPE") assert.ok(times.length > 20, `${symbol}: ${times.length}`);
  }
});

for (
  const [form, symbol] of /** @type {[string, string | string[] | null][]} */ ([
    ["a text", "TSLA"],
    ["a list with commas", " MSFT, AAPL,,NOPE,MSFT"],
    ["an array", ["EUR/USD", "TSLA", "NOPE"]],
    ["nothing", null],
  ])
) {
  await check(`The grid follows a selection by ${form} while ticks come`, async () => {
    const feeding = feed(1_500);
    await sleep(200);
    await choose(grid, { chosen: "AAPL", symbol });
    await feeding;
    await agrees(grid, symbol === null ? "" : `symbol=${encodeURIComponent(String(symbol))}`);
  });
}

await check("A click changes other params than the list, and the grid stays the same", async () => {
  const before = (await read(grid)).rows;
  await choose(grid, { chosen: "TSLA", symbol: null });
  await agrees(grid, "");
  assert.deepEqual((await read(grid)).rows, before);
});

await check("A symbol without ticks is filled in after its first tick", async () => {
  await choose(grid, { chosen: "AAPL", symbol: ["LATER", "AAPL"] });
  await agrees(grid, "symbol=LATER,AAPL");
  await ingest(server.origin, { symbol: "LATER", price: 7.25 });
  await agrees(grid, "symbol=LATER,AAPL");
  assert.equal((await read(grid)).rows[0]?.["price"], 7.25);
});

for (const theme of ["dark", "light"]) {
  await check(`Plotly finds no faults in the ${theme} chart and draws it`, async () => {
    const page = await newPage(browser, complaints);
    const minutes = Array.from({ length: 120 }, (_, minute) => ({
      symbol: "CANDLES",
      price: 1.1 + Math.sin(minute / 9) / 100 + (minute % 7) / 2_000,
      size: 1 + minute % 5,
      time: Date.now() - (120 - minute / 3) * 60_000,
    }));
    await ingest(server.origin, minutes);
    const figure = `${server.origin}/openbb/chart?symbol=CANDLES&interval=1m&theme=${theme}`;
    await page.goto(`${pages.origin}/chart.html?figure=${encodeURIComponent(figure)}`);
    await until("it is drawn", () => page.evaluate(() => "drawn" in globalThis));
    assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).faults), []);
    const bars = await (await fetch(`${server.origin}/openbb/bars?symbol=CANDLES`)).json();
    assert.equal(await page.locator(".boxlayer .box").count(), bars.length);
    assert.equal(await page.locator(".barlayer .point").count(), bars.length);
    await shoot(page, `openbb-chart-${theme}`);
    await page.close();
  });
}

await check("Plotly draws a chart without bars as a line of text", async () => {
  const page = await newPage(browser, complaints);
  const figure = `${server.origin}/openbb/chart?symbol=NOPE`;
  await page.goto(`${pages.origin}/chart.html?figure=${encodeURIComponent(figure)}`);
  await until("it is drawn", () => page.evaluate(() => "drawn" in globalThis));
  assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).faults), []);
  assert.equal(await page.locator(".annotation-text").innerHTML(), "No bars of NOPE yet");
  await shoot(page, "openbb-chart-empty");
  await page.close();
});

await check("The chart page is shown in a frame of the workspace", async () => {
  const page = await newPage(browser, complaints);
  await page.goto(
    `${pages.origin}/chart.html?figure=${
      encodeURIComponent(`${server.origin}/openbb/chart?symbol=AAPL`)
    }`,
  );
  await page.evaluate((src) => {
    const frame = document.createElement("iframe");
    frame.src = src;
    frame.style = "width: 700px; height: 300px";
    frame.sandbox = "allow-scripts allow-forms allow-downloads allow-popups allow-same-origin";
    document.body.append(frame);
  }, `${server.origin}/chart?symbol=AAPL&interval=1m&theme=light`);
  await page.frameLocator("iframe").locator("#plot canvas").first().waitFor();
  await page.close();
});

await check("The console has no complaints", () => {
  // An update may wait in the grid for a row that the user has just removed.
  const messages = complaints.messages.filter((text) => !text.startsWith("AG Grid: error #4 "));
  assert.deepEqual(messages, []);
});

await browser.close();
await server.stop();
await pages.stop();
process.exitCode = checks.end();
