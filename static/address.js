// The page's address holds the view, so that a reload and a copied link show the same.

import { isInterval } from "./interval.js";

/** @import { Interval } from "./interval.js" */
/** @import { Range } from "./viewport.js" */

/** @typedef {"candles" | "line" | "area"} Look */
/** @typedef {"auto" | "linear" | "log" | "percent"} Scale */

/**
 * The part of a chart that a link can share: its content, its range and its moment.
 * @typedef {object} View
 * @property {string} symbol
 * @property {Interval} interval
 * @property {Look} look
 * @property {readonly string[]} compare
 * @property {readonly string[]} indicators such as `sma-20`: a name and its parameters
 * @property {Scale} scale
 * @property {boolean} isGapless whether the time axis leaves out times without bars
 * @property {number | undefined} panes height of each pane as a percentage of the chart; undefined is the default
 * @property {Range} range
 * @property {number | undefined} time the moment to show instead of the present
 */

export const LOOKS = /** @type {const} */ (["candles", "area", "line"]);
export const SCALES = /** @type {const} */ (["auto", "linear", "log", "percent"]);
export const COMPARED_MAX = 3;
export const INDICATORS_MAX = 8;
const INDICATOR = /^[a-z]{1,12}(?:-\d{1,6}(?:\.\d{1,3})?){0,4}(?:@[0-9a-f]{6})?$/;
const SYMBOL = /^[A-Za-z0-9._:/^=-]{1,255}$/;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** A hundred years. A longer range is ignored. */
const SPAN_MS_MAX = 36_525 * UNIT_MS.d;

/**
 * Reads a view. It ignores values that are not valid.
 * @param {URLSearchParams} query
 * @param {string} [place] suffix of each parameter name: the second chart has `symbol2`
 * @returns {View}
 */
export function readView(query, place = "") {
  const get = (/** @type {string} */ name) => query.get(`${name}${place}`) ?? "";
  const list = (
    /** @type {string} */ name,
    /** @type {RegExp} */ shape,
  ) => [...new Set(get(name).split(",").filter((each) => shape.test(each)))];
  const interval = get("interval");
  return {
    symbol: get("symbol"),
    interval: isInterval(interval) ? interval : "1m",
    look: LOOKS.find((each) => each === get("look")) ?? "candles",
    compare: list("compare", SYMBOL).slice(0, COMPARED_MAX),
    indicators: list("indicators", INDICATOR).slice(0, INDICATORS_MAX),
    scale: SCALES.find((each) => each === get("scale")) ?? "auto",
    isGapless: get("gaps") === "out",
    panes: readShare(get("panes")),
    range: readRange(get("range")),
    time: readTime(get("time")),
  };
}

/**
 * Writes a view into the query and keeps the other parameters.
 * @param {URLSearchParams} query
 * @param {View} view
 * @param {string} [place] suffix of each parameter name
 */
export function writeView(query, view, place = "") {
  const { symbol, interval, look, compare, indicators, scale, isGapless, panes, range, time } =
    view;
  const put = (/** @type {string} */ name, /** @type {string} */ value) =>
    value === "" ? query.delete(`${name}${place}`) : query.set(`${name}${place}`, value);
  put("symbol", symbol);
  put("interval", interval);
  put("look", look === "candles" ? "" : look);
  put("compare", compare.join(","));
  put("indicators", indicators.join(","));
  put("scale", scale === "auto" ? "" : scale);
  put("gaps", isGapless ? "out" : "");
  put("panes", panes === undefined ? "" : String(panes));
  put("range", rangeText(range));
  put("time", time === undefined ? "" : new Date(time).toISOString());
}

/** The query as text. Slashes, commas, colons and @ stay readable, because a query needs no escape for them. @param {URLSearchParams} query */
export function queryText(query) {
  const text = query.toString().replaceAll("%2F", "/").replaceAll("%2C", ",")
    .replaceAll("%3A", ":").replaceAll("%40", "@");
  return text === "" ? "" : `?${text}`;
}

/** @param {string} text */
function readShare(text) {
  const share = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  return share >= 8 && share <= 70 ? share : undefined;
}

/** `90m` ends at the present; `2026-05-07T13:00:00Z..2026-05-07T14:00:00Z` is fixed. @param {string} text */
function readRange(text) {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) {
    const spanMs = Number(count) * UNIT_MS[/** @type {keyof typeof UNIT_MS} */ (unit)];
    return spanMs > 0 && spanMs <= SPAN_MS_MAX ? { spanMs } : {};
  }
  const [from, to] = text.split("..").map(readTime);
  return from !== undefined && to !== undefined && from < to && to - from <= SPAN_MS_MAX
    ? { from, to }
    : {};
}

/** @param {Range} range */
function rangeText({ spanMs, from, to }) {
  if (from !== undefined && to !== undefined) {
    return `${new Date(from).toISOString()}..${new Date(to).toISOString()}`;
  }
  return spanMs === undefined ? "" : `${Math.max(1, Math.round(spanMs / 1_000))}s`;
}

/** @param {string} text */
function readTime(text) {
  const time = /^\d{10,14}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d-\d\dT/.test(text)
    ? Date.parse(text)
    : NaN;
  return Number.isNaN(time) ? undefined : time;
}
