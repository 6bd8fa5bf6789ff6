// Compares our chart with two other libraries: `node bench/charts.mjs [frames] [NAME…]`. Each chart
// shows 10,000, 100,000 and 1,000,000 points on 1,000 × 600 pixels and gets one more point in each
// animation frame. Prints the time of the browser's main thread per frame. WebGL runs in software
// here, on other threads, whose time is not counted.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { startServer } from "../tests/browser/harness.mjs";
import { CHROMIUM } from "../tests/helpers/chromium.mjs";

const [frames = "100", ...names] = process.argv.slice(2);
const ROOT = fileURLToPath(new URL("..", import.meta.url).href);
const FRAMES_MS_MAX = 15_000;

/** Bundles the library and its dependencies into one script. @param {string} source */
function bundle(source) {
  const folder = mkdtempSync(join(ROOT, "node_modules", ".bench-"));
  try {
    writeFileSync(join(folder, "entry.js"), source);
    const output = join(folder, "bundle.js");
    const bun = join(ROOT, "node_modules", ".bin", "bun");
    execFileSync(bun, ["build", join(folder, "entry.js"), "--outfile", output, "--minify"]);
    return readFileSync(output, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const SCRIPTS = {
  tickwire: "",
  "lightweight-charts": bundle(
    `import * as library from "lightweight-charts"; globalThis.library = library;`,
  ),
  TimeChart: bundle(`import TimeChart from "timechart"; globalThis.library = TimeChart;`),
};

/**
 * Runs in the page. @returns the number of frames
 * @param {{ name: string, count: number, frames: number, msMax: number }} options
 */
async function run({ name, count, frames, msMax }) {
  const host = document.createElement("div");
  host.id = "plot";
  Object.assign(host.style, { position: "fixed", inset: "0", width: "1000px", height: "600px" });
  document.body.replaceChildren(host);
  const start = 1_700_000_000;
  const priceAt = (/** @type {number} */ index) =>
    150 + Math.sin(index / 5_000) * 5 + Math.sin(index * 12.9898) * 0.5;
  const indices = Array.from({ length: count }, (_, index) => index);
  const library = /** @type {any} */ (globalThis).library;

  /**
   * Each makes a chart and resolves to a function that adds one point and draws.
   * @type {Record<string, () => Promise<(index: number) => void>>}
   */
  const charts = {
    async tickwire() {
      const from = (/** @type {string} */ file) =>
        import(new URL(`static/${file}`, location.origin).href);
      const { Chart } = await from("chart.js");
      const { EVEN_AXIS } = await from("time_axis.js");
      const { TickSeries } = await from("series.js");
      const { default: uPlot } = await from("uplot.js");
      const series = new TickSeries(2 * count);
      const point = (/** @type {number} */ index) => ({
        time: (start + index) * 1_000,
        seq: index,
        price: priceAt(index),
        size: 1,
      });
      series.putAll(indices.map(point));
      const chart = new Chart({ uPlot, host, snap: (/** @type {number} */ left) => left });
      return (index) => {
        series.put(point(index));
        const edge = (start + index) * 1_000;
        const window = { from: start * 1_000, to: edge };
        const parts = [{ symbol: "A", series }];
        chart.draw({
          ...{ parts, interval: "tick", look: "line", scale: "auto", window, sight: window },
          ...{ axis: EVEN_AXIS, edge, decimals: 2, marks: [] },
        });
      };
    },
    async "lightweight-charts"() {
      await Promise.resolve();
      const chart = library.createChart(host, {
        width: 1_000,
        height: 600,
        timeScale: { minBarSpacing: 1e-6 },
      });
      const series = chart.addSeries(library.LineSeries);
      const point = (/** @type {number} */ index) => ({
        time: start + index,
        value: priceAt(index),
      });
      series.setData(indices.map(point));
      return (index) => {
        series.update(point(index));
        chart.timeScale().fitContent();
      };
    },
    async TimeChart() {
      await Promise.resolve();
      const data = indices.map((index) => ({ x: index, y: priceAt(index) }));
      const chart = new library(host, {
        series: [{ data }],
        baseTime: start * 1_000,
        lineWidth: 1.5,
      });
      return (index) => {
        data.push({ x: index, y: priceAt(index) });
        chart.update();
      };
    },
  };
  const add = await charts[name]?.();
  const frame = () => new Promise((done) => requestAnimationFrame(() => done(0)));
  let index = count;
  // The browser compiles code that runs often. Few frames are enough for charts that take seconds.
  const warmUp = count > 100_000 ? 3 : 30;
  for (let turn = 0; turn < warmUp; turn++, await frame()) add?.(index++);
  performance.mark("begin");
  const begin = performance.now();
  let drawn = 0;
  const { measure } = /** @type {any} */ (globalThis);
  await measure("begin");
  while (drawn < frames && performance.now() - begin < msMax) {
    add?.(index++);
    drawn++;
    await frame();
  }
  await measure("end");
  return drawn;
}

const server = await startServer("bun", { feed: "none" });
/** A browser for each measurement: one that held a million points may be short of memory. */
const launch = () =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--use-angle=swiftshader",
      "--enable-unsafe-swiftshader",
      "--ignore-gpu-blocklist",
    ],
  });
process.stdout.write(`main thread per frame, ms    10,000   100,000  1,000,000\n`);
for (const [name, script] of Object.entries(SCRIPTS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const cells = [];
  for (const count of [10_000, 100_000, 1_000_000]) {
    const browser = await launch();
    const page = await browser.newPage({
      viewport: { width: 1_000, height: 600 },
      bypassCSP: true,
    });
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
    await devtools.send("Performance.enable");
    /** @type {number[]} */
    const times = [];
    await page.exposeFunction("measure", async () => {
      const { metrics } = await devtools.send("Performance.getMetrics");
      times.push(metrics.find((metric) => metric.name === "TaskDuration")?.value ?? NaN);
    });
    await page.goto(`${server.origin}/healthz`);
    if (script !== "") await page.addScriptTag({ content: script });
    try {
      const options = { name, count, frames: Number(frames), msMax: FRAMES_MS_MAX };
      const drawn = await page.evaluate(run, options);
      const [begin = NaN, end = NaN] = times;
      const each = (end - begin) * 1_000 / drawn;
      cells.push(drawn > 0 ? each.toFixed(2) : `> ${FRAMES_MS_MAX}`);
    } catch (error) {
      cells.push(String(error).split("\n")[0]?.slice(0, 60) ?? "failed");
    }
    await browser.close();
  }
  process.stdout.write(`${name.padEnd(24)}${cells.map((cell) => cell.padStart(11)).join("")}\n`);
}
await server.stop();
