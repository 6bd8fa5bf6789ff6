// ccxt 4.4: REST and version 1.

import { http, load, report, STAY_MS, UPDATES, ws } from "./report.mjs";

const { pro } = load("ccxt-v1");
const startedAt = Date.now();
const kraken = new pro.kraken({ newUpdates: true });
kraken.urls.api.public = `${http}/kraken`;
kraken.urls.api.ws.public = `${ws}/kraken`;
kraken.agent = await kraken.loadHttpProxyAgent();

await kraken.loadMarkets();
const candles = () =>
  Promise.all([kraken.watchOHLCV("BTC/USD", "1m"), kraken.watchOHLCV("BTC/USD", "5m")]);
const periodOf = (/** @type {number[][]} */ [first]) => Math.floor((first?.[0] ?? NaN) / 300_000);
let [minutes, fives] = await candles();
// Five minutes may end between the two answers. The next ones may still tell of the bars before.
while (periodOf(minutes) !== periodOf(fives)) [minutes, fives] = await candles();
const found = {
  watchTicker: await kraken.watchTicker("EUR/USD"),
  watchTrades: await kraken.watchTrades("BTC/USD"),
  minutes,
  fives,
  watchBidsAsks: await kraken.watchBidsAsks(["EUR/USD"]),
};
const [client] = Object.values(kraken.clients);
const later = await kraken.watchOHLCV("BTC/USD", "5m");
for (let updates = 0; updates <= UPDATES || Date.now() - startedAt < STAY_MS; updates++) {
  await kraken.watchTicker("EUR/USD");
}
report({
  ...found,
  later,
  sameClient: Object.values(kraken.clients)[0] === client,
});
