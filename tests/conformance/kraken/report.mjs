// Common part of the programs here: each drives a client for Kraken against the server in its
// arguments, and writes the client's results as one line of JSON.

import { createRequire } from "node:module";
import process from "node:process";

/** Least milliseconds that a client stays: it drops a connection without answers to its pings. */
export const STAY_MS = 20_000;
/** Least number of updates that a client waits for. */
export const UPDATES = 10;

/** @type {(name: string) => any} */
export const load = createRequire(import.meta.url);

/** `http://127.0.0.1:5050` */
export const http = process.argv[2] ?? "";
export const ws = http.replace("http", "ws");

/**
 * Ends the process with the results.
 * @param {Record<string, unknown>} found
 */
export function report(found) {
  process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0));
}
