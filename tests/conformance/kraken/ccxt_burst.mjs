// A bot that watches candles and trades of many pairs with ccxt, by one call each, all at once. It
// reports when it has received data of all, and again after a restart of its server.
//
//   ccxt_burst.mjs HTTP PACKAGE PAIRS

import process from "node:process";
import { until } from "../../helpers/until.mjs";
import { http, load, report, ws } from "./report.mjs";

const [, , , name = "ccxt", count = "500"] = process.argv;
const { pro, NetworkError } = load(name);
// Its default limit is one request a second.
const kraken = new pro.kraken({ newUpdates: true, enableRateLimit: false });
kraken.urls.api.public = `${http}/kraken`;
kraken.urls.api.ws.public = `${ws}/kraken`;
kraken.urls.api.ws.publicV2 = `${ws}/kraken/v2`;
// On a busy machine a thousand watchers delay its own pings for longer than its default of 6 s.
kraken.streaming.keepAlive = 60_000;
kraken.agent = await kraken.loadHttpProxyAgent();
const symbols = Object.keys(await kraken.loadMarkets()).slice(0, Number(count));

/** @type {Set<string>} */
const heard = new Set();
/** @type {Record<string, number>} */
const errors = {};
let all = () => {};

/**
 * @param {string} what
 * @param {string} symbol
 */
async function watch(what, symbol) {
  for (;;) {
    try {
      await kraken[what](symbol);
      if (heard.size < heard.add(`${what} ${symbol}`).size && heard.size === 2 * symbols.length) {
        all();
      }
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      errors[message] = (errors[message] ?? 0) + 1;
      if (!(error instanceof NetworkError)) throw error;
      await kraken.sleep(200);
    }
  }
}

/** Resolves when every call has returned something. */
function everything() {
  heard.clear();
  return new Promise((resolve) => all = () => resolve(undefined));
}

const first = everything();
for (const symbol of symbols) {
  for (const what of ["watchOHLCV", "watchTrades"]) {
    watch(what, symbol).catch((error) => report({ error: String(error) }));
  }
}
await first;
process.stdout.write(`${JSON.stringify({ heard: heard.size, errors })}\n`);
// The test stops the server now.
await until("it is gone", () => Object.keys(errors).length > 0);
await everything();
report({ heard: heard.size, errors });
