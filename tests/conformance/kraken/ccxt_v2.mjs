// ccxt 4.5: REST and version 2.

import { http, load, report, STAY_MS, UPDATES, ws } from "./report.mjs";

const { pro } = load("ccxt");
const startedAt = Date.now();
const kraken = new pro.kraken({ newUpdates: true });
kraken.urls.api.public = `${http}/kraken`;
kraken.urls.api.ws.publicV2 = `${ws}/kraken/v2`;
await kraken.loadHttpProxyAgent();

const markets = await kraken.loadMarkets();
const bars = await (await fetch(`${http}/bars?symbol=BTC/USD&interval=1m&limit=11`)).json();
const found = {
  symbols: Object.keys(markets).sort(),
  precision: markets["EUR/USD"].precision,
  id: markets["BTC/USD"].id,
  fetchTicker: await kraken.fetchTicker("BTC/USD"),
  fetchOHLCV: (await kraken.fetchOHLCV("BTC/USD", "1m")).slice(-60),
  bars: bars.slice(0, -1),
  fetchTrades: await kraken.fetchTrades("EUR/USD", undefined, 10),
  fetchOrderBook: await kraken.fetchOrderBook("BTC/USD"),
  clockOff: await kraken.fetchTime() - Date.now(),
  fetchStatus: await kraken.fetchStatus(),
  watchTicker: await kraken.watchTicker("EUR/USD"),
  watchTickers: await kraken.watchTickers(["BTC/USD", "ETH/USD"]),
  watchTrades: [await kraken.watchTrades("BTC/USD"), await kraken.watchTrades("BTC/USD")].flat(),
  watchOHLCV: await kraken.watchOHLCV("BTC/USD", "1m"),
  watchBidsAsks: await kraken.watchBidsAsks(["EUR/USD"]),
};
const [client] = Object.values(kraken.clients);
for (let updates = 0; updates <= UPDATES || Date.now() - startedAt < STAY_MS; updates++) {
  await kraken.watchTicker("EUR/USD");
}
report({
  ...found,
  connections: Object.keys(kraken.clients).length,
  sinceConnected: Date.now() - client.connectionEstablished,
  sincePong: Date.now() - client.lastPong,
  sameClient: Object.values(kraken.clients)[0] === client,
});
