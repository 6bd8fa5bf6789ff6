// ccxt over https and wss, with a private authority in NODE_EXTRA_CA_CERTS: `node ccxt.mjs HTTPS`.

import { createRequire } from "node:module";
import process from "node:process";

const [http = ""] = process.argv.slice(2);
const { pro } = createRequire(import.meta.url)("ccxt");
const kraken = new pro.kraken();
kraken.urls.api.public = `${http}/kraken`;
kraken.urls.api.ws.publicV2 = `${http.replace("http", "ws")}/kraken/v2`;
const { last } = await kraken.fetchTicker("BTC/USD");
const watched = await kraken.watchTicker("BTC/USD");
process.stdout.write(JSON.stringify({ last, watched: watched.last }));
await kraken.close();
process.exit();
