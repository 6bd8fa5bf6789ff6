/**
 * Chunks of the tape, on the current runtime: `bun bench/chunk.ts [QUOTES]`, `deno run -A
 * bench/chunk.ts [QUOTES]`, where QUOTES is a CSV file with time, symbol, bid and ask. Without the
 * file its case is left out. Chunks of many symbols are gathered from all over a block, which is
 * half of the work to encode them. The size with zstd shows why zstd is not used.
 */
import { existsSync, readFileSync } from "node:fs";
import { argv, versions } from "node:process";
import { fileURLToPath } from "node:url";
import { zstdCompressSync } from "node:zlib";
import { TickColumns } from "../src/core/tick_columns.ts";
import { seededRandom } from "../src/feeds/random.ts";
import { CHUNK_TICKS_MAX, decodeChunk, encodeChunk } from "../src/tape/chunk.ts";
import { print } from "./measured.ts";
import type { Figures, Scenario } from "./scenario.ts";
import { figuresTable, goalsTable } from "./table.ts";

const BLOCK = 65_536;
const ROUNDS = 40;
/** Chunks that are timed together. */
const PIECE = 600;
const START = Date.UTC(2026, 10, 27, 8);
const QUOTES = argv[2] ??
  fileURLToPath(new URL("../../shared/data/eurusd-quotes-2020-01-01.csv", import.meta.url).href);

type Fields = Parameters<TickColumns["push"]>[1];

/** Ticks, and the indices of each chunk's ticks. */
interface Block {
  readonly columns: TickColumns;
  readonly chunks: readonly Uint32Array[];
}

/**
 * A block in which symbols take random turns, each with its own ticks; times are irregular
 * milliseconds.
 */
function block(symbols: number, count: number, maker: () => (time: number) => Fields): Block {
  const columns = new TickColumns();
  const makers = Array.from({ length: symbols }, maker);
  const indices = makers.map((): number[] => []);
  let time = START;
  for (let index = 0; index < count; index++) {
    const symbol = Math.floor(random() * symbols);
    time += Math.floor(-Math.log(1 - random()) * 4 * 1_000 / symbols) / 4;
    columns.push(symbol, makers[symbol]!(Math.floor(time)));
    indices[symbol]!.push(index);
  }
  return { columns, chunks: indices.filter(({ length }) => length > 0).map(toIndices) };
}

function trades(sizeOf: () => number, shiftMax = 8): () => (time: number) => Fields {
  return () => {
    let cents = 1_000 + Math.floor(random() * 50_000);
    return (time) => {
      cents += Math.round((random() + random() - 1) * shiftMax);
      return { time, price: cents / 100, size: sizeOf(), bid: null, ask: null };
    };
  };
}

/** Trades with bid and ask, calculated as programs do, with rounding errors. */
function quotedTrades(): (time: number) => Fields {
  const trade = trades(lots)();
  return (time) => {
    const { price, ...rest } = trade(time);
    return { ...rest, price, bid: price - 0.01, ask: price + 0.01 * Math.ceil(3 * random()) };
  };
}

function sensor(): (time: number) => Fields {
  let value = 20 + random();
  return (time) => {
    value += (random() - 0.5) / 10;
    return { time, price: value, size: null, bid: null, ask: null };
  };
}

function lots(): number {
  return 1 + Math.floor(random() * 1_000);
}

function coins(): number {
  return Math.round(1e8 * Math.exp(4 * (random() + random() - 1.5))) / 1e8;
}

function quotes(path: string): Block {
  const columns = new TickColumns();
  const lines = readFileSync(path, "utf8").trim().split("\n").slice(1).map((line) =>
    line.split(",")
  );
  const times = lines.map(([time]) => Date.parse(time!));
  const length = times.at(-1)! - times[0]! + 1_000;
  for (let round = 0; round < 100; round++) {
    for (const [index, [, , bidText, askText]] of lines.entries()) {
      const [bid, ask] = [Number(bidText), Number(askText)];
      const time = times[index]! + round * length;
      columns.push(0, { time, price: (bid + ask) / 2, size: null, bid, ask });
    }
  }
  const all = Uint32Array.from({ length: columns.length }, (_, index) => index);
  const chunks: Uint32Array[] = [];
  for (let first = 0; first < all.length; first += CHUNK_TICKS_MAX) {
    chunks.push(all.slice(first, first + CHUNK_TICKS_MAX));
  }
  return { columns, chunks };
}

function measure({ columns, chunks }: Block): Figures {
  const ticks = chunks.reduce((sum, { length }) => sum + length, 0);
  const count = ticks / chunks.length;
  const encoded = chunks.map((at) => encodeChunk(columns, at));
  for (const [index, at] of chunks.entries()) check(columns, at, encoded[index]!);
  const bytes = encoded.reduce((sum, { length }) => sum + length, 0);
  const zstd = encoded.reduce((sum, each) => sum + zstdCompressSync(each).length, 0);
  const timed = chunks.slice(0, Math.ceil(BLOCK / count));
  const each = Math.ceil(PIECE / count);
  const nsATick = (work: (index: number) => void) =>
    1e6 * leastMs(timed.length, each, work) / timed.length / count;
  return {
    count,
    bytes: bytes / ticks,
    zstd: zstd / ticks,
    encode: nsATick((index) => encodeChunk(columns, timed[index]!)),
    decode: nsATick((index) => decodeChunk(encoded[index]!, timed[index]!.length)),
  };
}

/** Sums the fastest times of each piece over several rounds, so that other load hardly counts. */
function leastMs(count: number, each: number, work: (index: number) => void): number {
  const least = new Float64Array(Math.ceil(count / each)).fill(Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (let piece = 0; piece < least.length; piece++) {
      const end = Math.min(count, (piece + 1) * each);
      const begun = performance.now();
      for (let index = piece * each; index < end; index++) work(index);
      least[piece] = Math.min(least[piece]!, performance.now() - begun);
    }
  }
  return least.reduce((sum, ms) => sum + ms, 0);
}

function check(columns: TickColumns, at: Uint32Array, encoded: Uint8Array): void {
  const { places, times, prices, sizes, bids, asks } = decodeChunk(encoded, at.length);
  for (const [index, place] of at.entries()) {
    const same = places[index] === place && Object.is(times[index], columns.times[place]) &&
      Object.is(prices[index], columns.prices[place]) &&
      Object.is(sizes[index], columns.sizes[place]) &&
      Object.is(bids[index], columns.bids[place]) && Object.is(asks[index], columns.asks[place]);
    if (!same) throw new Error(`Tick ${place} came back as another one`);
  }
}

function toIndices(indices: readonly number[]): Uint32Array {
  return Uint32Array.from(indices);
}

const random = seededRandom(1);
const blocks: Record<string, () => Block> = {
  "EUR/USD quotes": () => quotes(QUOTES),
  "trades, lots": () => block(100, BLOCK, trades(lots)),
  "trades, coins": () => block(100, BLOCK, trades(coins)),
  "trades, bid, ask": () => block(100, BLOCK, quotedTrades),
  "sensor, 17 digits": () => block(100, BLOCK, sensor),
  "trades, 100 a chunk": () => block(655, BLOCK, trades(lots)),
  "trades, 25 a chunk": () => block(2_621, BLOCK, trades(lots)),
  "trades, 5 a chunk": () => block(13_107, BLOCK, trades(lots)),
};
if (!existsSync(QUOTES)) delete blocks["EUR/USD quotes"];
const scenario: Scenario = {
  name: "chunk",
  title: "Chunks of the tape",
  columns: [
    { title: "ticks a chunk", name: "count", decimals: 0 },
    { title: "bytes a tick", name: "bytes", decimals: 2 },
    { title: "with zstd", name: "zstd", decimals: 2 },
    { title: "encode ns a tick", name: "encode", decimals: 0 },
    { title: "decode ns a tick", name: "decode", decimals: 0 },
  ],
  cases: [],
  goals: (of) => [
    ...[["EUR/USD quotes", 7], ["trades, lots", 7], ["sensor, 17 digits", 20]].map((goal) => {
      const [name, limit] = goal as [string, number];
      return { what: name, value: of(name, "bytes"), limit, unit: "bytes a tick" };
    }),
    ...[["encode", 150], ["decode", 70]].map((goal) => {
      const [what, limit] = goal as [string, number];
      return { what, value: of("trades, lots", what), limit, unit: "ns a tick" };
    }),
  ],
};

print(versions["bun"] === undefined ? `deno ${versions["deno"]}` : `bun ${versions["bun"]}`);
const measured = new Map(Object.entries(blocks).map(([name, make]) => [name, measure(make())]));
print(figuresTable(scenario, measured));
print(goalsTable(scenario.goals((name, figure) => measured.get(name)?.[figure] ?? NaN)));
