// node-kraken-api 2.2: version 1, always over TLS, so the test ends TLS in front of the server.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";
import { createServer } from "node:tls";
import { http, load, report } from "./report.mjs";

const api = load("node-kraken-api");
const folder = process.argv[3] ?? "";
const { port } = new URL(http);
const front = createServer({
  key: readFileSync(`${folder}/key.pem`),
  cert: readFileSync(`${folder}/cert.pem`),
}, (secure) => {
  const plain = connect(Number(port), "127.0.0.1");
  secure.pipe(plain).pipe(secure);
  secure.on("error", () => plain.destroy());
  plain.on("error", () => secure.destroy());
});
await new Promise((resolve) => front.listen(0, "127.0.0.1", () => resolve(undefined)));
const { port: securePort } = /** @type {import("node:net").AddressInfo} */ (front.address());

// The client adds ":443" after the host: the query makes it harmless.
api._WS_PUB_HOSTNAME = `localhost:${securePort}/kraken?h=`;
const kraken = new api.Kraken({ timeout: 5_000 });
/** @type {Record<string, unknown>} */
const found = {};
/** @type {number[]} */
const heartbeats = [];
const heard = new Promise((resolve) => {
  kraken.ws.pub.on("heartbeat", () => heartbeats.push(performance.now()) === 3 && resolve(true));
});
kraken.ws.pub.on("systemStatus", (/** @type {unknown} */ status) => found.systemStatus = status);
// The pair has no trades, so only heartbeats come.
await kraken.ws.ticker().subscribe("QUIET/USD");
await heard;
found.heartbeatsMs = (heartbeats[2] ?? 0) - (heartbeats[0] ?? 0);
/** @param {any} subscriber @param {string} pair */
const first = async (subscriber, pair) => {
  const update = new Promise((resolve) => {
    subscriber.on("update", (/** @type {unknown[]} */ ...args) => resolve(args));
  });
  /** @type {unknown[]} */
  const statuses = [];
  subscriber.on("status", (/** @type {unknown} */ status) => statuses.push(status));
  await subscriber.subscribe(pair);
  return { update: await update, statuses };
};
found.ohlc = await first(kraken.ws.ohlc({ interval: 1 }), "EUR/USD");
found.ticker = await first(kraken.ws.ticker(), "XBT/USD");
found.trade = await first(kraken.ws.trade(), "XBT/USD");
found.spread = await first(kraken.ws.spread(), "XBT/USD");
found.ping = await kraken.ws.pub.ping().then(() => "answered");
const refused = kraken.ws.ticker();
found.refused = await new Promise((resolve) => {
  refused.on("error", (/** @type {unknown} */ error) => resolve(String(error)));
  refused.subscribe("FOOBAR").then(() => resolve("accepted"), (/** @type {unknown} */ error) => {
    resolve(String(error));
  });
});
report(found);
