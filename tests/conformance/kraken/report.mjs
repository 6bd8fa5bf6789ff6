// What the programs here have in common: each drives a client that knows only Kraken, against the server
// named by its arguments, and writes what the client made of it as one line of JSON.

import { createRequire } from "node:module";
import process from "node:process";

/** How long a client stays at least: it drops a connection on which its pings are not answered. */
export const STAY_MS = 20_000;
/** And so many updates it is to get at least, however long that takes. */
export const UPDATES = 10;

/** @type {(name: string) => any} */
export const load = createRequire(import.meta.url);

/** `http://127.0.0.1:5050` */
export const http = process.argv[2] ?? "";
export const ws = http.replace("http", "ws");

/**
 * Ends the process with what was found.
 * @param {Record<string, unknown>} found
 */
export function report(found) {
  process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0));
}
