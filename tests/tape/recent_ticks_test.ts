import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RecentTicks } from "../../src/tape/recent_ticks.ts";
import { tick } from "../core/ticks.ts";
import { TestStore } from "../helpers/store.ts";

function appended(store: TestStore, symbol: string, ...prices: number[]) {
  return store.append(prices.map((price) => tick({ symbol, price })));
}

for (const blockTicks of [7, 100_000]) {
  describe(`RecentTicks of blocks of ${blockTicks}`, () => {
    const open = (ticksMax = 1_000) => new TestStore({ ticksMax, blockTicks }).follow();

    it("has the newest 50 ticks of each symbol, oldest first, at any time", async () => {
      const store = open();
      const recent = new RecentTicks(store.tape);
      assert.deepEqual(recent.of("A"), []);
      assert.equal(recent.newest("A"), undefined);
      const prices = Array.from({ length: 70 }, (_, index) => index);
      await appended(store, "A", ...prices.slice(0, 30));
      await appended(store, "B", 1);
      assert.deepEqual(recent.of("A").map(({ price }) => price), prices.slice(0, 30));
      await appended(store, "A", ...prices.slice(30));
      store.seal();
      assert.deepEqual(recent.of("A").map(({ price }) => price), prices.slice(20));
      assert.equal(recent.newest("A")!.price, 69);
      assert.equal(recent.of("B").length, 1);
      store.close();
    });

    it("compares a price with the previous one of the same symbol", async () => {
      const store = open();
      const recent = new RecentTicks(store.tape);
      const ticks = [
        ...await appended(store, "A", 5, 4),
        ...await appended(store, "B", 3, 3),
        ...await appended(store, "A", 4, 3),
      ];
      const expected = [false, true, false, false, false, true];
      assert.deepEqual(ticks.map((each) => recent.fell(each)), expected);
      const more = await appended(store, "A", 2, 9);
      assert.deepEqual(more.map((each) => recent.fell(each)), [true, false]);
      store.close();
    });

    it("goes on after ticks that it did not see", async () => {
      const store = open(10);
      const recent = new RecentTicks(store.tape);
      await appended(store, "A", 1);
      assert.equal(recent.newest("A")!.price, 1);
      await appended(store, "A", ...Array.from({ length: 100 }, (_, index) => index));
      assert.deepEqual(recent.of("A").map(({ price }) => price), [
        ...[90, 91, 92, 93, 94, 95, 96, 97, 98, 99],
      ]);
      store.close();
    });
  });
}
