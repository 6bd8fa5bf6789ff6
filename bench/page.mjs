// The page under load: `node bench/page.mjs [bun|deno] [seconds] [minutes]`. Prints its weight at
// first and with all later parts, the time until it is interactive, the load of the browser's main
// thread with 1,000 symbols at 2,000 updates a second, with one chart and with four of three
// indicators each, the time to redraw 1,000,000 points, and the heap with four charts over some
// minutes.

import { readdirSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { startBrowser, startServer } from "../tests/browser/harness.mjs";
import { until } from "../tests/helpers/until.mjs";

/** @import { CDPSession, Page } from "playwright-core" */

const [kind = "bun", seconds = "20", minutes = "0"] = process.argv.slice(2);

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}

/** @param {CDPSession} devtools @param {string} name */
async function metricOf(devtools, name) {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find((metric) => metric.name === name)?.value ?? NaN;
}

/** @param {Page} page */
async function showStart(page) {
  const { interactiveMs, files, bytes } = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation");
    const resources = /** @type {PerformanceResourceTiming[]} */ (
      performance.getEntriesByType("resource")
    ).filter(({ name }) => name.includes("/static/"));
    const page = /** @type {PerformanceNavigationTiming} */ (navigation);
    return {
      interactiveMs: page.domContentLoadedEventEnd,
      files: resources.length + 1,
      bytes: resources.reduce((sum, each) => sum + each.encodedBodySize, page.encodedBodySize),
    };
  });
  print(
    `weight with what is loaded at once ${
      (bytes / 1_000).toFixed(1)
    } KB compressed in ${files} files`,
  );
  print(`interactive after ${interactiveMs.toFixed(0)} ms`);
}

/** All files, each compressed as the server sends it. */
function showWeight() {
  const folder = fileURLToPath(new URL("../static/", import.meta.url).href);
  const names = readdirSync(folder).filter((name) => /\.(?:js|css|html|svg)$/.test(name));
  const loaded = [...names.map((name) => name === "index.html" ? "" : `static/${name}`)];
  return Promise.all(
    [...loaded, "static/uplot.js", "static/uplot.css"].map(async (path) => {
      const text = await (await fetch(`${server.origin}/${path}`)).text();
      return gzipSync(text).byteLength;
    }),
  ).then((sizes) => {
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    print(`weight of all ${(bytes / 1_000).toFixed(1)} KB compressed in ${sizes.length} files`);
  });
}

/** The address of four charts with three indicators each. */
function fourCharts() {
  const charts = [
    "sma-20,bollinger-20-2,rsi-14",
    "ema-20,vwap,macd",
    "sma-50,donchian,atr",
    "ema-9,volume,rsi",
  ];
  const query = new URLSearchParams({ layout: "4" });
  charts.forEach((indicators, index) => {
    const place = index === 0 ? "" : String(index + 1);
    query.set(`symbol${place}`, symbols[index] ?? "");
    query.set(`interval${place}`, index % 2 === 0 ? "1s" : "5s");
    query.set(`indicators${place}`, indicators);
  });
  return `${server.origin}/?${query}`;
}

/** @param {Page} page @param {CDPSession} devtools @param {string} charts */
async function showLoad(page, devtools, charts) {
  const names = ["TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"];
  const read = () => Promise.all(names.map((name) => metricOf(devtools, name)));
  const before = await read();
  const startedAt = performance.now();
  await sleep(Number(seconds) * 1_000);
  const elapsed = (performance.now() - startedAt) / 1_000;
  const after = await read();
  const perSecond = names.map((name, place) => {
    const spent = ((after[place] ?? 0) - (before[place] ?? 0)) * 1_000 / elapsed;
    return `${name.replace("Duration", "")} ${spent.toFixed(0)} ms`;
  });
  const what = `${charts}, ${await page.innerText("#rate")}`;
  print(`main thread per second with ${what}: ${perSecond.join(", ")}`);
}

/** @param {Page} page */
async function showRedraw(page) {
  for (const interval of ["tick", "1s"]) {
    await page.locator(`#intervals label:has([value="${interval}"])`).click();
    await sleep(1_500);
    for (const count of [10_000, 100_000, 1_000_000]) {
      const ms = await page.evaluate(redraw, { count, isTick: interval === "tick" });
      print(`redraw of ${count} ${interval === "tick" ? "ticks" : "bars"}: ${ms.toFixed(1)} ms`);
    }
  }
}

/**
 * Runs in the page: fills the chart's series, shows all of it, and draws it repeatedly with one
 * more point.
 * @param {{ count: number, isTick: boolean }} options
 */
async function redraw({ count, isTick }) {
  const { tickwire } = /** @type {{ tickwire: any }} */ (/** @type {unknown} */ (globalThis));
  const { tracks: { lead }, chart, viewport } = tickwire;
  const stepMs = isTick ? 10 : 1_000;
  const end = Math.floor(lead.edge.at(Date.now()) / 1_000) * 1_000;
  const { series } = lead;
  const points = [];
  let price = 150;
  for (let index = 0; index < count; index++) {
    price += Math.sin(index / 5_000) * 0.01 + Math.sin(index * 12.9898) * 0.02;
    const time = (series.at("time", 0) ?? end) - (count - index) * stepMs;
    const bar = { open: price, high: price + 0.1, low: price - 0.1, close: price + 0.03, count: 1 };
    points.push({ time, seq: index - count, price, size: 1, volume: 3, closed: true, ...bar });
  }
  series.putAll(points);
  viewport.set({ from: series.at("time", 0), to: end });
  const frame = () => new Promise((done) => requestAnimationFrame(() => done(0)));
  for (let turn = 0; turn < 5; turn++) await frame();
  const { draws, drawMs } = chart;
  while (chart.draws < draws + 20) {
    series.version++;
    await frame();
  }
  viewport.set({});
  return (chart.drawMs - drawMs) / (chart.draws - draws);
}

/** @param {CDPSession} devtools */
async function showMemory(devtools) {
  const heaps = [];
  for (let minute = 0; minute <= Number(minutes); minute++) {
    await devtools.send("HeapProfiler.collectGarbage");
    heaps.push((await metricOf(devtools, "JSHeapUsedSize") / 1e6).toFixed(1));
    if (minute < Number(minutes)) await sleep(60_000);
  }
  print(`heap after each minute, MB: ${heaps.join(" ")}`);
}

const feed = "synthetic:?symbols=1000&rate=2000&history=10m";
const server = await startServer(kind, { feed });
/** @type {string[]} */
const symbols = (await (await fetch(`${server.origin}/symbols?limit=4`)).json())
  .map((/** @type {{ symbol: string }} */ { symbol }) => symbol);
const browser = await startBrowser();
const page = await browser.newPage({ viewport: { width: 1440, height: 860 }, colorScheme: "dark" });
const devtools = await page.context().newCDPSession(page);
// CPU time of the thread, so that other processes of the machine do not count.
await devtools.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
await devtools.send("Performance.enable");
await page.goto(server.origin);
await until("rows are there", () => page.locator("#grid .row").count(), (count) => count > 10);
await sleep(3_000);
await showStart(page);
await showWeight();
await showLoad(page, devtools, "one chart");
await showRedraw(page);
await page.goto(fourCharts());
await until(
  "four charts are drawn",
  () => page.locator(".chart-cell canvas").count(),
  (count) => count === 4,
);
await sleep(5_000);
await showLoad(page, devtools, "four charts of three indicators each");
if (Number(minutes) > 0) await showMemory(devtools);
await browser.close();
await server.stop();
