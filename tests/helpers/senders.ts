import assert from "node:assert/strict";
import { seededRandom } from "../../src/feeds/random.ts";
import type { Tick } from "../../src/core/tick.ts";
import { Client } from "./client.ts";

export interface History {
  readonly symbols: readonly string[];
  readonly count: number;
  /** Event time of the first tick. */
  readonly begin: number;
  /** Approximate distance between ticks. */
  readonly stepMs: number;
  readonly order: "in order" | "shuffled";
}

/**
 * Past ticks with equal times and gaps, negative prices, and sizes, bids and asks that may be
 * unknown. Prices and sizes are multiples of 0.25, so that sums are exact in any order.
 */
export function history({ symbols, count, begin, stepMs, order }: History, seed = 1): Tick[] {
  const random = seededRandom(seed);
  const quarters = (min: number, max: number) => min + Math.floor(4 * (max - min) * random()) / 4;
  const unknownOr = (value: number) => random() < 0.25 ? null : value;
  let time = begin;
  const ticks = Array.from({ length: count }, () => {
    const draw = random();
    if (draw > 0.1) time += draw > 0.99 ? 20 * stepMs : stepMs;
    const price = quarters(-10, 100);
    return {
      symbol: symbols[Math.floor(random() * symbols.length)]!,
      time,
      price,
      size: unknownOr(quarters(0, 5)),
      bid: unknownOr(price - 0.25),
      ask: unknownOr(price + 0.25),
    };
  });
  if (order === "shuffled") {
    for (let last = count - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1));
      [ticks[last], ticks[other]] = [ticks[other]!, ticks[last]!];
    }
  }
  return ticks;
}

export interface Address {
  readonly http: string;
  readonly ws: string;
}

/** A way to send ticks. */
export interface Sender {
  readonly name: string;
  /** Sends a batch and waits until it is acknowledged. @returns the position of its last tick */
  send(server: Address, ticks: readonly Tick[]): Promise<string>;
  /** The tick with only those fields that this sender transfers. */
  kept(tick: Tick): Tick;
}

const whole = (tick: Tick) => tick;

export const SENDERS: readonly Sender[] = [
  {
    name: "POST /ticks as JSON",
    send: (server, ticks) => post(server, "application/json", JSON.stringify(ticks)),
    kept: whole,
  },
  {
    name: "POST /ticks as NDJSON",
    send: (server, ticks) => post(server, "application/x-ndjson", ndjson(ticks)),
    kept: whole,
  },
  {
    name: "POST /ticks as CSV",
    send: (server, ticks) => post(server, "text/csv", csv(ticks)),
    kept: whole,
  },
  {
    name: "WS /ticks",
    async send({ ws }, ticks) {
      const client = await Client.connect(`${ws}/ticks`);
      client.send(ticks);
      const { accepted, position } = await client.next();
      assert.equal(accepted, ticks.length);
      void client.close();
      return position;
    },
    kept: whole,
  },
  {
    name: "line protocol",
    async send({ http }, ticks) {
      const lines = ticks.map(({ symbol, price, time }) => `${symbol} value=${price} ${time}`);
      const url = `${http}/api/v2/write?precision=ms`;
      const response = await fetch(url, { method: "POST", body: lines.join("\n") });
      assert.equal(response.status, 204);
      return response.headers.get("tickwire-position")!;
    },
    kept: (tick) => ({ ...tick, size: null, bid: null, ask: null }),
  },
];

async function post({ http }: Address, type: string, body: string): Promise<string> {
  const headers = { "content-type": type };
  const response = await fetch(`${http}/ticks`, { method: "POST", headers, body });
  assert.equal(response.status, 200);
  return (await response.json()).position;
}

export function ndjson(ticks: readonly Tick[]): string {
  return ticks.map((tick) => `${JSON.stringify(tick)}\n`).join("");
}

export function csv(ticks: readonly Tick[]): string {
  const rows = ticks.map(({ symbol, time, price, size, bid, ask }) =>
    `${symbol},${time},${price},${size ?? ""},${bid ?? ""},${ask ?? ""}\n`
  );
  return `symbol,time,price,size,bid,ask\n${rows.join("")}`;
}

export function seqOf(position: string): number {
  return Number(position.split(":")[1]);
}
