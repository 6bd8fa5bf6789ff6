// Broken addresses, storage and servers, and extreme values.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import { hasHistory, ingest, isDrawn, line, saysSo, shoot, stateIs } from "./probes.mjs";

/** @import { Desk } from "./page.mjs" */

/** @param {Desk} desk */
export async function brokenChecks({ origin, check, open, complaints }) {
  await check(
    "An address with absurd indicators shows the valid ones, and reports the others",
    async () => {
      const page = await open();
      const absurd = "ichimoku-9,sma-999999,rsi-0,bollinger-20-0.001,<b>,macd-1-1-1";
      await page.goto(
        `${origin}/?symbol=AAPL&interval=1s&indicators=${absurd}&layout=5&split=columns:1-99&scale=x&panes=1`,
      );
      await hasHistory(page);
      await saysSo(page.locator("#fault"), /knows no such indicator/);
      await isDrawn(page);
      await saysSo(page.locator("#readout"), /SMA 500/);
      await stateIs(page, "live");
      await page.close();
    },
  );

  await check("Broken storage is treated as empty", async () => {
    const page = await open();
    await page.goto(origin);
    await page.evaluate(() => {
      for (const name of ["settings", "board", "lines", "layout", "hints", "theme"]) {
        localStorage.setItem(`tickwire.${name}`, '{"lists": [[[}');
      }
    });
    await page.goto(origin);
    await line(page, "AAPL").waitFor();
    await hasHistory(page);
    await page.locator("#board-menu").click();
    await page.locator(".menu").waitFor();
    await page.close();
  });

  await check("Full or refused storage is reported, and the page goes on", async () => {
    const page = await open();
    await page.addInitScript(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    await page.goto(`${origin}/?symbol=AAPL`);
    await line(page, "AAPL").waitFor();
    await page.locator("#settings").click();
    await page.locator('#settings-panel label:has-text("Blue, orange")').click();
    await saysSo(page.locator("#fault"), /cannot store your choices/);
    assert.equal(await page.locator("html").getAttribute("data-colors"), "blue-orange");
    await page.close();
    const refused = await open();
    await refused.addInitScript(() => {
      Object.defineProperty(globalThis, "localStorage", {
        get() {
          throw new DOMException("denied", "SecurityError");
        },
      });
    });
    await refused.goto(`${origin}/?symbol=AAPL`);
    await line(refused, "AAPL").waitFor();
    await stateIs(refused, "live");
    await refused.close();
  });

  await check("A layout of a server with other symbols reports the missing symbol", async () => {
    const page = await open();
    await page.goto(`${origin}/?symbol=AAPL&layout=2&symbol2=ELSEWHERE&interval2=1m`);
    await saysSo(page.locator(".chart-cell").nth(1).locator(".notice"), /no symbol ELSEWHERE/);
    await hasHistory(page);
    await page.locator(".chart-cell").nth(1).click({ position: { x: 100, y: 200 } });
    await line(page, "MSFT").click();
    await page.locator(".chart-cell").nth(1).locator(".notice").waitFor({ state: "hidden" });
    await page.close();
  });

  await check(
    "With a server older than the page, missing parts are reported, and the rest works",
    async () => {
      const page = await open();
      complaints.isServerGone = true;
      const known = complaints.messages.length;
      await page.route(
        /\/static\/(?:palette|help|lists|borders|hints|extras)\.(?:js|css)$/,
        (route) =>
          /extras\.js$/.test(route.request().url())
            ? route.continue()
            : route.fulfill({ status: 404 }),
      );
      await page.route(
        /\/activity/,
        (route) => route.fulfill({ status: 404, json: { detail: "none" } }),
      );
      await page.goto(`${origin}/?symbol=AAPL`);
      await line(page, "AAPL").waitFor();
      await hasHistory(page);
      await stateIs(page, "live");
      await page.keyboard.press("Control+k");
      await saysSo(page.locator("#fault"), /Cannot load this part of the page/);
      await line(page, "MSFT").click();
      await saysSo(page.locator("#symbol"), "MSFT");
      await page.close();
      const rest = complaints.messages.splice(known).filter((text) => !/404|MIME type/.test(text));
      complaints.messages.push(...rest);
      complaints.isServerGone = false;
    },
  );

  await check("Prices from a billionth to a trillion, and below zero, are shown", async () => {
    const start = Date.now() - 60_000;
    const rise = (
      /** @type {string} */ symbol,
      /** @type {number} */ base,
      /** @type {number} */ step,
    ) =>
      Array.from({ length: 30 }, (_, index) => ({
        symbol,
        price: base + index * step,
        time: start + index * 1_000,
      }));
    await ingest(origin, [
      ...rise("TINY", 1e-9, 1e-10),
      ...rise("HUGE", 1e12, 1e9),
      ...rise("MINUS", -37.6, 0.5),
    ]);
    const page = await open();
    await page.goto(`${origin}/?symbol=TINY&interval=1s`);
    for (
      const [symbol, wanted] of [["TINY", /^0\.000000003\d*$/], ["HUGE", /^1\.0290e\+12$/], [
        "MINUS",
        /^−23\.10$/,
      ]]
    ) {
      await page.locator("#search").fill(String(symbol));
      await line(page, String(symbol)).waitFor();
      await page.keyboard.press("Enter");
      await saysSo(page.locator("#symbol"), String(symbol));
      await saysSo(page.locator("#price"), /** @type {RegExp} */ (wanted));
      await hasHistory(page);
      // The scale must show the slope of a rising line.
      const span = () =>
        page.evaluate(() => {
          /** @typedef {{ plotData?: { range: [number, number], strands: { slots: { closes: Float64Array } }[] } }} Chart */
          const { chart } = /** @type {{ tickwire: { chart: Chart } }} */ (
            /** @type {unknown} */ (globalThis)
          ).tickwire;
          const [low = 0, high = 1] = chart.plotData?.range ?? [];
          const closes = [...chart.plotData?.strands[0]?.slots.closes ?? []];
          return (Math.max(...closes) - Math.min(...closes)) / (high - low);
        });
      await until("it fills the height", span, (share) => share > 0.5);
    }
    await page.locator("#chart-menu").click();
    await page.locator('.menu label:has-text("Log")').click();
    await isDrawn(page, 4);
    await page.keyboard.press("Escape");
    await shoot(page, "minus");
    assert.doesNotMatch(await page.innerText("body"), /NaN|Infinity/);
    await page.close();
  });
}
