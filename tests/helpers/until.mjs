// The one way in which tests wait: for a condition, not for a time.

import { inspect } from "node:util";

/**
 * Longer than anything takes on a busy machine. Limits of whole tests are longer still, so that
 * this one comes first and reports the last value.
 */
const PATIENCE_MS = 30_000;
const PAUSE_MS_MAX = 50;
const SHOWN_MAX = 2_000;

/**
 * Reads a value repeatedly until it fits, and returns it. A reading that throws does not fit.
 * @template Value
 * @overload
 * @param {string} what the condition, which continues "Waited in vain until"
 * @param {() => Value | Promise<Value>} read
 * @returns {Promise<NonNullable<Value>>} the first truthy value
 */
/**
 * @template Value
 * @overload
 * @param {string} what
 * @param {() => Value | Promise<Value>} read
 * @param {(value: Value) => unknown} fits
 * @param {number} [patienceMs]
 * @returns {Promise<Value>}
 */
/**
 * @param {string} what
 * @param {() => unknown} read
 * @param {(value: unknown) => unknown} [fits]
 */
export async function until(what, read, fits = Boolean, patienceMs = PATIENCE_MS) {
  /** @type {unknown} */
  let last = "nothing, the reading takes so long";
  let isOver = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const over = new Promise((resolve) => {
    timer = setTimeout(() => resolve(isOver = true), patienceMs);
  });
  const reading = async () => {
    for (let pauseMs = 1; !isOver; pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 1.5)) {
      try {
        const value = await read();
        last = value;
        if (fits(value)) return { value };
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const found = await Promise.race([reading(), over.then(() => undefined)]);
  clearTimeout(timer);
  if (found !== undefined) return found.value;
  const cause = last instanceof Error ? { cause: last } : undefined;
  throw new Error(`Waited ${patienceMs} ms in vain until ${what}; last: ${shown(last)}`, cause);
}

/** Shortens a long text to both ends. @param {unknown} value */
function shown(value) {
  const text = typeof value === "string" ? value : inspect(value, { depth: 5 });
  if (text.length <= SHOWN_MAX) return text;
  return `${text.slice(0, SHOWN_MAX / 2)} … ${text.slice(-SHOWN_MAX / 2)}`;
}
