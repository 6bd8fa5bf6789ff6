import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect as connectNats } from "@nats-io/transport-node";
import { connectAsync } from "mqtt";
import type { FeedReport } from "../../src/feeds/feed_run.ts";
import { Broker, lacks } from "../helpers/broker.ts";
import { argumentsOf, commandsOf, layOut, PAGES, serves, splitLine } from "../helpers/documents.ts";
import { Exchange } from "../helpers/exchange.ts";
import { freePort } from "../helpers/free_port.mjs";
import { startServer, type TestServer } from "../helpers/server.ts";
import {
  ALPACA,
  BINANCE,
  COINBASE,
  ENVELOPES,
  EXCHANGE,
  FINNHUB,
  GATEWAY,
  StandIn,
} from "../helpers/stand_in.ts";
import { until } from "../helpers/until.mjs";

const NO_BROKERS = lacks("mosquitto") || lacks("nats-server");
/** Other tests run these, in a process of their own or with the package ccxt. */
const ELSEWHERE = /^(?:none$|stdin|ccxt:)/;
const SECRETS = {
  FINNHUB_KEY: "secret",
  ALPACA_KEY: "k",
  ALPACA_SECRET: "s%26c=r%2Bt",
  PASSWORD: "p",
  TOKEN: "t",
};
const EXCHANGES = [
  { host: "wss://stream.binance.com:9443", contract: BINANCE },
  { host: "wss://ws-feed.exchange.coinbase.com", contract: COINBASE },
  { host: "wss://ws.finnhub.io", contract: FINNHUB },
  { host: "wss://stream.data.alpaca.markets", contract: ALPACA },
  { host: "wss://gateway.local", contract: GATEWAY },
  { host: "wss://exchange.local", contract: EXCHANGE },
  { host: "wss://trades.local", contract: ENVELOPES },
];

/** Every feed of the documents, with its page. */
const feeds = PAGES.flatMap((page) =>
  commandsOf(page).flatMap(({ line }) =>
    splitLine(line, {}).flatMap((words) => {
      const args = argumentsOf(words) ?? ["watch"];
      const given = args.flatMap((word, index) => args[index - 1] === "--feed" ? [word] : []);
      return serves(args) ? given.map((feed) => ({ page, feed })) : [];
    })
  )
).filter(({ feed }) => !ELSEWHERE.test(feed));

describe("Feeds of the documents", () => {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-feeds-"));
  const closes: (() => unknown)[] = [];
  /** Local addresses for the addresses in the documents. */
  const places = new Map<string, string>();
  /** Functions that make each source send something. */
  const sources: (() => void)[] = [];

  before(async () => {
    for (const { host, contract } of EXCHANGES) {
      const standIn = new StandIn(contract);
      await standIn.open();
      closes.push(() => standIn.close());
      places.set(host, /ws:\/\/127\.0\.0\.1:\d+/.exec(standIn.feed)![0]);
      sources.push(() => standIn.trade(4));
    }
    await openKraken();
    await openWeb();
    const upstream = await startServer("--feed", "synthetic:?history=10s");
    closes.push(() => upstream.stop());
    for (const host of ["ws://localhost:5050", "wss://ticks.example.com"]) {
      places.set(host, upstream.ws);
    }
    if (NO_BROKERS === false) await openBrokers();
  });
  after(async () => {
    for (const close of closes.reverse()) await close();
    rmSync(folder, { recursive: true });
  });

  async function openKraken(): Promise<void> {
    const exchange = new Exchange();
    await exchange.open();
    closes.push(() => exchange.close());
    places.set("wss://ws.kraken.com/v2", exchange.url);
    sources.push(() => exchange.trade("BTC/USD"));
  }

  /** APIs and a stream of events. */
  async function openWeb(): Promise<void> {
    const streams = new Set<ServerResponse>();
    const web = createServer(({ url }, response) => {
      if (url!.startsWith("/v2/prices/")) return response.end('{"data":{"amount":"64000.5"}}');
      if (url!.startsWith("/quotes")) {
        return response.end('{"data":{"items":[{"id":"X","last":1.5}]}}');
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      streams.add(response);
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const { port } = web.address() as { port: number };
    closes.push(() => web.close(), () => web.closeAllConnections());
    for (const host of ["api.coinbase.com", "api.example.com", "example.com"]) {
      places.set(`https://${host}`, `http://127.0.0.1:${port}`);
    }
    sources.push(() => {
      const reading = { sensor: "boiler/9", value: 71.3 };
      for (const stream of streams) {
        stream.write(`event: reading\ndata: ${JSON.stringify(reading)}\n\n`);
      }
    });
  }

  async function openBrokers(): Promise<void> {
    const [mqtt, nats] = [await freePort(), await freePort()];
    const conf = join(folder, "mosquitto.conf");
    writeFileSync(conf, `listener ${mqtt} 127.0.0.1\nallow_anonymous true\nuser root\n`);
    for (
      const broker of [
        new Broker("mosquitto", ["-c", conf], mqtt),
        new Broker("nats-server", ["-a", "127.0.0.1", "-p", `${nats}`], nats),
      ]
    ) {
      await broker.start();
      closes.push(() => broker.end());
    }
    places.set("mqtt://broker:1883", `mqtt://127.0.0.1:${mqtt}`);
    places.set("mqtts://me:${PASSWORD}@broker:8883", `mqtt://127.0.0.1:${mqtt}`);
    places.set("nats://host:4222", `nats://127.0.0.1:${nats}`);
    const toMqtt = await connectAsync(`mqtt://127.0.0.1:${mqtt}`);
    const toNats = await connectNats({ servers: `127.0.0.1:${nats}` });
    closes.push(() => toMqtt.endAsync(true), () => toNats.close());
    sources.push(() => {
      toMqtt.publish("plant/7/temperature", "71.5");
      toMqtt.publish("plant/7/humidity", JSON.stringify({ value: 40, ts: 1763700000 }));
      toNats.publish("quotes.AAPL", "150.5");
    });
  }

  /** The feed of a document with the local address of its source. */
  function here({ page, feed }: { page: string; feed: string }): string | undefined {
    if (/^(?:mqtt|nats):/.test(feed) && NO_BROKERS !== false) return undefined;
    let own = feed.replace("history=2h", "history=1s").replace("&ca=authority.pem", "")
      .replace("?ca=authority.pem", "");
    // The longest address first, because an address may be the end of another.
    for (const [place, stand] of [...places].sort(([a], [b]) => b.length - a.length)) {
      own = own.replace(place, stand);
    }
    for (const [name, value] of Object.entries(SECRETS)) own = own.replaceAll(`\${${name}}`, value);
    const files = /^replay:([^?]*)/.exec(own)?.[1]!;
    if (files === undefined) return own;
    const paths = files.split(",").map((file) => join(layOut(folder, page), file));
    return own.replace(files, paths.join(","));
  }

  it("Each feed brings ticks from its source, or from a local substitute", {
    timeout: 120_000,
  }, async () => {
    assert.ok(feeds.length > 18);
    const specs = [...new Set(feeds.map(here).filter((spec) => spec !== undefined))];
    const server: TestServer = await startServer(...specs.flatMap((spec) => ["--feed", spec]));
    closes.push(() => server.stop());
    const quiet = async () => {
      for (const say of sources) say();
      const ready: { feeds: FeedReport[] } = await (await fetch(`${server.http}/readyz`)).json();
      assert.equal(ready.feeds.length, specs.length);
      return ready.feeds.filter(({ ticks }) => ticks === 0);
    };
    await until("every feed has brought ticks", quiet, ({ length }) => length === 0);
  });
});
