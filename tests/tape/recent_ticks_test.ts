import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryTape } from "../../src/tape/memory.ts";
import { RecentTicks } from "../../src/tape/recent_ticks.ts";

function appended(tape: MemoryTape, symbol: string, ...prices: number[]) {
  return tape.append(prices.map((price) => ({
    symbol,
    time: 1_763_700_000_000,
    price,
    size: null,
    bid: null,
    ask: null,
  })));
}

describe("RecentTicks", () => {
  it("has the newest 50 ticks of each symbol, oldest first, whenever it is asked", () => {
    const tape = new MemoryTape({ epoch: "e", ticksMax: 1_000 });
    const recent = new RecentTicks(tape);
    assert.deepEqual(recent.of("A"), []);
    assert.equal(recent.newest("A"), undefined);
    const prices = Array.from({ length: 70 }, (_, index) => index);
    appended(tape, "A", ...prices.slice(0, 30));
    appended(tape, "B", 1);
    assert.deepEqual(recent.of("A").map(({ price }) => price), prices.slice(0, 30));
    appended(tape, "A", ...prices.slice(30));
    assert.deepEqual(recent.of("A").map(({ price }) => price), prices.slice(20));
    assert.equal(recent.newest("A")!.price, 69);
    assert.equal(recent.of("B").length, 1);
  });

  it("knows whether a price is below the one before, of the same symbol", () => {
    const tape = new MemoryTape({ epoch: "e", ticksMax: 1_000 });
    const recent = new RecentTicks(tape);
    const ticks = [
      ...appended(tape, "A", 5, 4),
      ...appended(tape, "B", 3, 3),
      ...appended(tape, "A", 4, 3),
    ];
    assert.deepEqual(ticks.map((tick) => recent.fell(tick)), [
      false,
      true,
      false,
      false,
      false,
      true,
    ]);
    const more = appended(tape, "A", 2, 9);
    assert.deepEqual(more.map((tick) => recent.fell(tick)), [true, false]);
  });

  it("goes on after ticks that it will never see", () => {
    const tape = new MemoryTape({ epoch: "e", ticksMax: 10 });
    const recent = new RecentTicks(tape);
    appended(tape, "A", 1);
    assert.equal(recent.newest("A")!.price, 1);
    appended(tape, "A", ...Array.from({ length: 100 }, (_, index) => index));
    assert.deepEqual(recent.of("A").at(-1)!.price, 99);
    assert.equal(recent.of("A").length, 11);
  });
});
