// deno-lint-ignore-file no-explicit-any -- frames are whatever the server sends
import type { Bar } from "../../src/core/bar.ts";
import type { Interval } from "../../src/core/interval.ts";
import { Client } from "./client.ts";
import { type Place, type Question, quoteOf } from "./places.ts";
import type { Reckoning } from "./reckoning.ts";
import type { Address } from "./senders.ts";

/** Bars by time; a later row replaces an earlier one. */
export class BarStream {
  readonly #client: Client;
  readonly #bars = new Map<number, Bar>();

  private constructor(client: Client) {
    this.#client = client;
  }

  static async open({ ws }: Address, params: Record<string, string>): Promise<BarStream> {
    const client = await Client.connect(`${ws}/ws?${new URLSearchParams(params)}`);
    const stream = new BarStream(client);
    const { snapshot } = await client.next(({ op }) => op === "subscribed");
    stream.#take(snapshot ?? []);
    return stream;
  }

  /** All bars it has received up to a tick. */
  async through(seq: number): Promise<Bar[]> {
    for (let reached = -1; reached < seq;) {
      const frame = await this.#client.next(({ op }) => op === "data");
      this.#take(frame.rows);
      reached = frame.seq;
    }
    await this.#client.close();
    return [...this.#bars.values()].sort((a, b) => a.time - b.time);
  }

  #take(bars: readonly Bar[]): void {
    for (const bar of bars) this.#bars.set(bar.time, bar);
  }
}

/**
 * Streams that start with a snapshot, or at the start of the tape.
 * @param last seq of the symbol's newest tick
 * @param position any position of the tape
 */
export function streamPlaces({ symbol }: Question, last: number, position: string): Place[] {
  const from = position.replace(/:.*/, ":0");
  const newestBar = (all: Reckoning, interval: Interval) =>
    all.bars(symbol, interval, { limit: 1 });
  const snapshots = (["1s", "1m", "1h", "1d"] as const).flatMap((interval): Place[] => {
    const params = { symbol, channel: `bar:${interval}` };
    const reckon = (all: Reckoning) => newestBar(all, interval);
    return [
      { name: `/ws ${params.channel}`, ask: firstFrame(params), reckon },
      { name: `/stream ${params.channel}`, ask: firstEvent(params), reckon },
    ];
  });
  const resumed = (["1s", "1m", "1d"] as const).map((interval): Place => ({
    name: `/ws bar:${interval} from a position`,
    async ask(server) {
      const params = { symbol, channel: `bar:${interval}`, from };
      return (await BarStream.open(server, params)).through(last);
    },
    reckon: (all) => all.bars(symbol, interval),
  }));
  const quotes = { symbol, channel: "quote" };
  return [
    ...snapshots,
    ...resumed,
    { name: "/ws quote", ask: firstFrame(quotes), reckon: (all) => [quoteOf(all, symbol)] },
    { name: "/stream quote", ask: firstEvent(quotes), reckon: (all) => [quoteOf(all, symbol)] },
    {
      name: "/ws tick from a position",
      ask: (server) => resumedTicks(server, { symbol, channel: "tick", from }, last),
      reckon: (all) => all.ticks(symbol),
    },
    ...([["1m", 1], ["1h", 60], ["1d", 1_440]] as const).flatMap(([interval, minutes]) => [
      krakenV1(symbol, interval, minutes),
      krakenV2(symbol, interval, minutes),
    ]),
  ];
}

function firstFrame(params: Record<string, string>): (server: Address) => Promise<unknown> {
  return async ({ ws }) => {
    const client = await Client.connect(`${ws}/ws?${new URLSearchParams(params)}`);
    const { snapshot } = await client.next();
    await client.close();
    return snapshot;
  };
}

function firstEvent(params: Record<string, string>): (server: Address) => Promise<unknown> {
  return async ({ http }) => {
    const response = await fetch(`${http}/stream?${new URLSearchParams(params)}`);
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const event = /^data: (.*)\n\n/m.exec(text)?.[1];
      if (event !== undefined) return JSON.parse(event).snapshot;
    }
    throw new Error(`Cannot find an event in ${text}`);
  };
}

async function resumedTicks(
  { ws }: Address,
  params: Record<string, string>,
  seq: number,
): Promise<unknown[]> {
  const client = await Client.connect(`${ws}/ws?${new URLSearchParams(params)}`);
  const rows: unknown[][] = [];
  for (let reached = -1; reached < seq;) {
    const frame = await client.next(({ op }) => op === "data");
    rows.push(frame.rows);
    reached = frame.seq;
  }
  await client.close();
  return rows.flat();
}

/** https://docs.kraken.com/api/docs/websocket-v1/ohlc */
function krakenV1(symbol: string, interval: Interval, minutes: number): Place {
  return {
    name: `/kraken ohlc-${minutes}`,
    async ask({ ws }) {
      const client = await Client.connect(`${ws}/kraken`);
      const subscription = { name: "ohlc", interval: minutes };
      client.send({ event: "subscribe", pair: [symbol], subscription });
      const [, row] = await client.next(Array.isArray);
      await client.close();
      return row.map(Number);
    },
    reckon(all) {
      const [bar] = all.bars(symbol, interval, { limit: 1 }) as Bar[];
      const { time, open, high, low, close, vwap, volume, count } = bar!;
      const prices = [open, high, low, close, Number(vwap!.toFixed(5))];
      const end = time / 1_000 + minutes * 60;
      return [all.newest(symbol).time / 1_000, end, ...prices, volume, count];
    },
  };
}

/** https://docs.kraken.com/api/docs/websocket-v2/ohlc */
function krakenV2(symbol: string, interval: Interval, minutes: number): Place {
  return {
    name: `/kraken/v2 ohlc ${minutes}`,
    async ask({ ws }) {
      const client = await Client.connect(`${ws}/kraken/v2`);
      const params = { channel: "ohlc", symbol: [symbol], interval: minutes };
      client.send({ method: "subscribe", params });
      const { data } = await client.next(({ channel }) => channel === "ohlc");
      await client.close();
      return data.map((candle: any) => ({ ...candle, begin: Date.parse(candle.interval_begin) }));
    },
    reckon: (all) =>
      (all.bars(symbol, interval, { limit: 10 }) as Bar[]).map((bar) => {
        const { time, open, high, low, close, vwap, volume, count } = bar;
        const figures = { open, high, low, close, volume, trades: count };
        return { symbol, begin: time, vwap: Number(vwap!.toFixed(2)), ...figures };
      }),
  };
}
