// Reads the page as a user sees it, and answers of the server.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../helpers/until.mjs";

/** @import { Locator, Page } from "playwright-core" */

/** Colour of the text in the light theme. */
export const LIGHT_TEXT = "rgb(23, 28, 35)";

/** @param {Page} page @param {string} symbol */
export function line(page, symbol) {
  return page.locator(`#grid .row[data-symbol="${symbol}"]`);
}

/** @param {Page} page @param {string} symbol */
export function priceOf(page, symbol) {
  return line(page, symbol).locator(".last").innerText();
}

/** @param {Page} page @param {string} symbol */
export async function priceMoves(page, symbol) {
  const before = await priceOf(page, symbol);
  await until(
    `the price of ${symbol} changes`,
    () => priceOf(page, symbol),
    (price) => price !== before,
  );
}

/** @param {Page} page @param {string} kind */
export async function stateIs(page, kind) {
  const found = () => page.evaluate(() => document.body.dataset["state"]);
  await until(`the state is ${kind}`, found, (state) => state === kind);
}

/** Number of different colours on the canvas, and the picture as text. @param {Page} page */
export async function canvasOf(page) {
  await page.waitForSelector("#plot canvas");
  return await page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("#plot canvas"));
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
      copy.getContext("2d", { willReadFrequently: true })
    );
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Set(new Uint32Array(data.buffer));
    return { colors: colors.size, picture: canvas.toDataURL() };
  });
}

/** Waits until the canvas has more than so many colours. @param {Page} page */
export function isDrawn(page, colors = 5) {
  return until("it is drawn", () => canvasOf(page), (canvas) => canvas.colors > colors);
}

/** Waits until the picture on the canvas changes. @param {Page} page */
export async function pictureMoves(page) {
  const before = await isDrawn(page);
  const isOther = (/** @type {{ picture: string }} */ { picture }) => picture !== before.picture;
  await until("the picture moves", () => canvasOf(page), isOther);
}

/** The series in the page as columns. @param {Page} page @param {readonly string[]} fields */
export function seriesOf(page, fields) {
  return page.evaluate((fields) => {
    /** @typedef {{ series: { column(field: string): Float64Array } }} Track */
    /** @typedef {{ tracks: { lead: Track | undefined } }} Known */
    const { tickwire } = /** @type {{ tickwire?: Known }} */ (/** @type {unknown} */ (globalThis));
    return fields.map((field) => [...tickwire?.tracks.lead?.series.column(field) ?? []]);
  }, fields);
}

/** `seq` of the ticks on the chart. @param {Page} page */
export async function seqsOf(page) {
  const [seqs = []] = await seriesOf(page, ["seq"]);
  return seqs;
}

/** @param {string} url @returns {Promise<Record<string, number>[]>} */
export async function answer(url) {
  const response = await fetch(url);
  return await response.json();
}

/**
 * Checks that the closed bars of GOOGL on the page equal those of the server.
 * @param {Page} page
 * @param {string} origin
 * @param {string} interval
 * @param {number} [limit]
 */
export async function barsAgree(page, origin, interval, limit = 500) {
  const bars = await answer(`${origin}/bars?symbol=GOOGL&interval=${interval}&limit=${limit}`);
  const fields = ["time", "open", "high", "low", "close", "volume", "count"];
  const closed = bars.filter(({ closed }) => closed).map((bar) => fields.map((name) => bar[name]));
  assert.ok(closed.length > 10);
  await until("the bars agree", async () => {
    const columns = await seriesOf(page, fields);
    const shown = columns[0]?.map((_, index) => columns.map((column) => column[index])) ?? [];
    const first = shown.findIndex(([time]) => time === closed[0]?.[0]);
    assert.deepEqual(shown.slice(first, first + closed.length), closed);
    return true;
  });
}

/**
 * Checks that the page has each of the newest ticks of AAPL once.
 * @param {Page} page
 * @param {string} origin
 */
export async function ticksAgree(page, origin) {
  const ticks = await answer(`${origin}/ticks?symbol=AAPL&limit=3000`);
  await until("the ticks agree", async () => {
    const [seqs = [], prices = []] = await seriesOf(page, ["seq", "price"]);
    const first = seqs.indexOf(ticks[0]?.["seq"] ?? NaN);
    assert.ok(first >= 0);
    assert.deepEqual(seqs.slice(first, first + ticks.length), ticks.map(({ seq }) => seq));
    assert.deepEqual(prices.slice(first, first + ticks.length), ticks.map(({ price }) => price));
    return true;
  });
}

/** Waits until the chart has its history. @param {Page} page */
export function hasHistory(page) {
  return until("history is there", () => seriesLength(page), (length) => length > 5);
}

/** Waits until the address contains the words. @param {Page} page @param {string} words */
export function addressSays(page, words) {
  return until(`the address has ${words}`, () => page.url(), (url) => url.includes(words));
}

/**
 * Waits until the text of an element is as wanted.
 * @param {Locator} locator
 * @param {string | RegExp} wanted
 */
export function saysSo(locator, wanted) {
  const isSo = (/** @type {string} */ text) =>
    typeof wanted === "string" ? text === wanted : wanted.test(text);
  return until(`it says ${wanted}`, () => locator.innerText(), isSo);
}

/** Waits for a number of animation frames. @param {Page} page @param {number} count */
export function frames(page, count) {
  return page.evaluate((count) =>
    new Promise((done) => {
      const next = (/** @type {number} */ left) =>
        left === 0 ? done(undefined) : requestAnimationFrame(() => next(left - 1));
      next(count);
    }), count);
}

/** @param {Page} page @param {string} interval */
export function chooseInterval(page, interval) {
  return page.locator(`#intervals label:has([value="${interval}"])`).click();
}

/**
 * Saves a picture of the page at rest, if SHOTS names a folder.
 * @param {Page} page
 * @param {string} name
 */
export async function shoot(page, name) {
  const folder = process.env["SHOTS"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await sleep(800);
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** @param {string} origin @param {object} ticks one tick or a list */
export async function ingest(origin, ticks) {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(ticks);
  const response = await fetch(`${origin}/ticks`, { method: "POST", headers, body });
  assert.equal(response.status, 200);
}

/** Colour of the page's text. @param {Page} page */
export function colorOf(page) {
  return page.evaluate(() => getComputedStyle(document.body).color);
}

/**
 * The times at both ends of the chart.
 * @param {Page} page
 * @returns {Promise<{ from: number, to: number }>}
 */
export async function rangeOf(page) {
  await frames(page, 2);
  return await page.evaluate(() => {
    /** @typedef {{ chart: { plotData?: { view: { window: { from: number, to: number } } } } }} Known */
    const { chart } =
      /** @type {{ tickwire: Known }} */ (/** @type {unknown} */ (globalThis)).tickwire;
    const { from = 0, to = 0 } = chart.plotData?.view.window ?? {};
    return { from, to };
  });
}

/** Number of points on the chart. @param {Page} page */
export async function seriesLength(page) {
  const [times = []] = await seriesOf(page, ["time"]);
  return times.length;
}
