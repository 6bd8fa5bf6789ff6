// The user's lines by symbol, stored in this browser.

import { recallJson, rememberJson } from "./storage.js";

/** @typedef {{ time: number, price: number }} Point */
/** @typedef {{ kind: "level", price: number } | { kind: "trend", from: Point, to: Point }} Line */

const LINES_MAX = 50;
const SYMBOLS_MAX = 500;

/** Reads stored lines and drops invalid ones. @param {unknown} kept @returns {Map<string, Line[]>} */
export function readLines(kept) {
  const entries = Object.entries(Object(kept)).slice(-SYMBOLS_MAX);
  return new Map(entries.flatMap(([symbol, lines]) => {
    const known = Array.isArray(lines) ? lines.filter(isLine).slice(0, LINES_MAX) : [];
    return known.length === 0 ? [] : [[symbol, known]];
  }));
}

/** @param {unknown} value @returns {value is Line} */
function isLine(value) {
  const { kind, price, from, to } = Object(value);
  return kind === "level"
    ? Number.isFinite(price)
    : kind === "trend" && isPoint(from) && isPoint(to);
}

/** @param {unknown} value @returns {value is Point} */
function isPoint(value) {
  const { time, price } = Object(value);
  return Number.isFinite(time) && Number.isFinite(price);
}

export class KeptLines {
  #lines = readLines(recallJson("lines"));
  /** Grows with each change. */
  version = 0;

  /** @param {string} symbol @returns {readonly Line[]} */
  of(symbol) {
    return this.#lines.get(symbol) ?? [];
  }

  /** @param {string} symbol @param {readonly Line[]} lines */
  set(symbol, lines) {
    // Move the symbol to the end: the oldest symbols go first when there are too many.
    this.#lines.delete(symbol);
    if (lines.length > 0) this.#lines.set(symbol, lines.slice(-LINES_MAX));
    this.version++;
  }

  /** Stores all lines. */
  keep() {
    const entries = [...this.#lines].slice(-SYMBOLS_MAX);
    rememberJson("lines", Object.fromEntries(entries));
  }
}
