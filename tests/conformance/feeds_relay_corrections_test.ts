import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Bar } from "../../src/core/bar.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { Client } from "../helpers/client.ts";
import { freePort } from "../helpers/free_port.mjs";
import { ServerProcess } from "../helpers/process.ts";
import { relayChain } from "../helpers/relay_chain.ts";
import { until } from "../helpers/until.mjs";

const timeout = 120_000;
const START = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 7_200_000;
const SYMBOLS = ["A", "B/C", "WRONG"];
type Place = { readonly http: string };

// deno-lint-ignore no-explicit-any -- whatever a server answers
async function get({ http }: Place, path: string): Promise<any> {
  return await (await fetch(`${http}/${path}`)).json();
}

async function send({ http }: Place, ticks: readonly Partial<Tick>[]): Promise<number> {
  const response = await fetch(`${http}/ticks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(ticks),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return Number(answer.position.split(":")[1]);
}

async function cancel({ http }: Place, path: string): Promise<number> {
  const response = await fetch(`${http}/${path}`, { method: "DELETE" });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer.cancelled;
}

/** Everything that clients can read of the symbols, without the numbers of this tape. */
async function stateOf(server: Place): Promise<unknown> {
  return await Promise.all(SYMBOLS.map(async (symbol) => {
    const ticks: TapedTick[] = await get(server, `ticks?symbol=${symbol}&limit=100000`);
    const bars = ["1s", "1m", "1h", "1d", "1w"].map(async (interval) => {
      const all: Bar[] = await get(
        server,
        `bars?symbol=${symbol}&interval=${interval}&limit=10000`,
      );
      return all.map((bar) => ({ ...bar, revised: undefined, closed: undefined }));
    });
    const rows = await get(server, `snapshot?symbol=${symbol}`);
    return { rows, ticks: ticks.map(({ seq: _, ...tick }) => tick), bars: await Promise.all(bars) };
  }));
}

/** Prices and sizes are quarters, so that sums are exact. Many ticks have the same time and values. */
function ticksFrom(first: number, count: number): Tick[] {
  return Array.from({ length: count }, (_, index) => {
    const place = first + index;
    return {
      symbol: SYMBOLS[place % 7 === 0 ? 1 : 0]!,
      time: START + Math.floor(place / 4) * 500,
      price: 100 + place % 5 / 4,
      size: place % 3,
      bid: place % 2 === 0 ? 99 + place % 4 : null,
      ask: null,
    };
  });
}

async function same(upstream: Place, relay: Place, what: string): Promise<void> {
  const right = await stateOf(upstream);
  await until(what, () => stateOf(relay), (state) => isDeepStrictEqual(state, right));
}

describe("A relay whose upstream takes ticks back", () => {
  const { flagsOf } = relayChain();

  it("takes the same ticks back, and so do relays of it", { timeout }, async () => {
    const first = await ServerProcess.start(...flagsOf("first", "none"));
    await send(first, ticksFrom(0, 3));
    const middle = await ServerProcess.start(...flagsOf("middle", `tickwire:${first.ws}`));
    const last = await ServerProcess.start(...flagsOf("last", `tickwire:${middle.ws}`));
    // Ticks of another source move the numbers of the middle one.
    await send(middle, [{ symbol: "OTHER", price: 1 }, { symbol: "OTHER", price: 2 }]);
    const seq = await send(first, [...ticksFrom(3, 400), { symbol: "WRONG", price: 7 }]);
    await same(first, last, "all has arrived");
    const client = await Client.connect(`${last.ws}/ws`);
    client.send({ op: "subscribe", id: 1, symbols: ["A"], channel: "tick" });
    await client.next(({ op }) => op === "subscribed");
    assert.equal(await cancel(first, `ticks?symbol=A&seq=${seq - 5},${seq - 100},${seq - 3}`), 3);
    const told = await client.next(({ op }) => op === "corrected");
    assert.equal((told["rows"] as unknown[]).length, 3);
    await same(first, last, "single ticks are gone");
    const [from, to] = [START + 5_000, START + 20_000];
    assert.ok(await cancel(first, `ticks?symbol=A&from=${from}&to=${to}`) > 50);
    await same(first, last, "the span is gone");
    await send(first, ticksFrom(41, 20));
    assert.equal(await cancel(first, "symbols/WRONG"), 1);
    await same(first, last, "the symbol is gone, later ticks are there");
    await send(first, [{ symbol: "WRONG", price: 8 }]);
    await same(first, last, "the symbol begins anew");
    assert.equal((await get(middle, "ticks?symbol=OTHER")).length, 2);
    await client.close();
  });

  it("does so for what was taken back while it was away or killed", { timeout }, async () => {
    const port = await freePort();
    const upstream = () => ServerProcess.start(...flagsOf("first", "none", port));
    const feed = `tickwire:ws://127.0.0.1:${port}?symbols=A,B/*,WRONG`;
    let first = await upstream();
    let relay = await ServerProcess.start(...flagsOf("relay", feed));
    await send(relay, [{ symbol: "OTHER", price: 1 }]);
    let sent = 0;
    for (let round = 0; round < 4; round++) {
      const seq = await send(first, [...ticksFrom(sent, 200), { symbol: "WRONG", price: round }]);
      sent += 200;
      await same(first, relay, "all has arrived");
      await relay.end("SIGKILL");
      await send(first, ticksFrom(sent, 40));
      sent += 40;
      await cancel(first, `ticks?symbol=A&seq=${seq - 4},${seq - 20},${seq + 10},${seq + 11}`);
      const from = START + round * 3_000;
      await cancel(first, `ticks?symbol=A&from=${from}&to=${from + 1_500}`);
      if (round % 2 === 0) await cancel(first, "symbols/WRONG");
      // Ticks of the same times that are sent after the correction stay.
      await send(first, ticksFrom(round * 24, 8));
      if (round === 3) {
        await first.end("SIGKILL");
        first = await upstream();
      }
      relay = await ServerProcess.start(...flagsOf("relay", feed));
      await same(first, relay, `round ${round}`);
      // Nothing is taken back a second time.
      await relay.end("SIGKILL");
      relay = await ServerProcess.start(...flagsOf("relay", feed));
      await send(first, [{ symbol: "B/C", price: round }]);
      await same(first, relay, `round ${round} again`);
    }
    assert.equal((await get(relay, "ticks?symbol=OTHER")).length, 1);
  });

  it("takes one of two equal ticks back, however often it comes back", { timeout }, async () => {
    const first = await ServerProcess.start(...flagsOf("first", "none"));
    const flags = flagsOf("relay", `tickwire:${first.ws}`);
    let relay = await ServerProcess.start(...flags);
    const equal = { symbol: "A", time: START, price: 1, size: 1 };
    const seq = await send(first, [equal, equal, equal]);
    await same(first, relay, "all has arrived");
    await cancel(first, `ticks?symbol=A&seq=${seq - 1}`);
    await same(first, relay, "one is gone");
    for (const price of [2, 3]) {
      await relay.end("SIGKILL");
      relay = await ServerProcess.start(...flags);
      await send(first, [{ symbol: "B/C", price }]);
      await same(first, relay, "two are left");
    }
  });

  it(
    "leaves the ticks of other sources where single ticks are taken back",
    { timeout },
    async () => {
      const first = await ServerProcess.start(...flagsOf("first", "none"));
      const relay = await ServerProcess.start(...flagsOf("relay", `tickwire:${first.ws}`));
      const tick = (price: number) => ({ symbol: "A", time: START, price, size: 1 });
      await send(relay, [tick(1), tick(2)]);
      const seq = await send(first, [tick(2), tick(3), tick(4)]);
      const prices = async () =>
        (await get(relay, "ticks?symbol=A")).map(({ price }: Tick) => price).sort();
      const is = (...right: number[]) =>
        until("only those are there", prices, (found) => isDeepStrictEqual(found, right));
      await is(1, 2, 2, 3, 4);
      await cancel(first, `ticks?symbol=A&seq=${seq},${seq - 2}`);
      await is(1, 2, 3);
      const [bar] = await get(relay, "bars?symbol=A&interval=1m");
      assert.deepEqual([bar.high, bar.volume, bar.count], [3, 3, 3]);
    },
  );
});
