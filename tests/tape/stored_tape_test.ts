import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Market } from "../../src/core/market.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import { TapeError } from "../../src/store/tape_error.ts";
import { anyTick, bits, tick } from "../core/ticks.ts";
import { readAll, TestStore } from "../helpers/store.ts";
import { TapeFolder } from "../helpers/tape_file.ts";
import { anyQuery, assertSlices, filtered, tapeContract } from "./contract.ts";

const folder = new TapeFolder();

/** Kills the process of a store and opens its file in another. */
function reopened(store: TestStore, path: string, blockTicks?: number): [TestStore, string] {
  const left = folder.killed(path);
  store.close();
  return [new TestStore({ path: left, blockTicks }).follow(), left];
}

function sealed(store: TestStore): TestStore {
  store.seal();
  return store;
}

tapeContract("StoredTape in memory", () => new TestStore().follow());
tapeContract(
  "StoredTape with blocks that are full",
  () => new TestStore({ blockTicks: 4 }).follow(),
);
tapeContract(
  "StoredTape with all in blocks of the file",
  () => new TestStore({ blockTicks: 1 }).follow(),
  sealed,
);
tapeContract("StoredTape with some in blocks of the file", () => {
  return new TestStore({ blockTicks: 5 }).follow();
}, sealed);

{
  let path = "";
  tapeContract(
    "StoredTape opened again and again",
    () => new TestStore({ path: path = folder.fresh(), blockTicks: 5 }).follow(),
    (store) => {
      store.seal();
      [store, path] = reopened(store, path, 5);
      return store;
    },
  );
}

describe("StoredTape", () => {
  const SYMBOLS = ["A", "B", "C"];
  const anyStep = fc.oneof(
    { weight: 5, arbitrary: fc.array(anyTick(...SYMBOLS), { minLength: 1, maxLength: 30 }) },
    { weight: 2, arbitrary: fc.constantFrom("save", "seal", "forget") },
    { weight: 3, arbitrary: fc.record({ sealSteps: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 1, arbitrary: fc.constant("reopen") },
    { weight: 1, arbitrary: fc.record({ olderThan: fc.nat(20) }) },
  );

  test("StoredTape gives exactly the stored ticks, for any sealing, saving, forgetting and kill", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { maxLength: 30 }),
        fc.array(anyQuery(SYMBOLS, 300), { maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        async (steps, queries, blockTicks) => {
          let path = folder.fresh();
          let minutes = 0;
          const now = () => 60_000 * minutes;
          let store = new TestStore({ path, blockTicks, now }).follow();
          const all: TapedTick[] = [];
          try {
            for (const step of steps) {
              if (Array.isArray(step)) {
                all.push(...await store.append(step));
                minutes += 2;
              } else if (step === "save") {
                const { head } = store.tape;
                store.tape.save({ seq: head, instruments: [], newest: [], bars: [] });
              } else if (step === "seal") store.tape.seal();
              else if (step === "forget") store.log.forget(store.tape.settle());
              else if (step === "reopen") {
                const { tail } = store.tape;
                const left = folder.killed(path);
                store.close();
                store = new TestStore({ path: path = left, blockTicks, now }).follow();
                assert.equal(store.tape.tail, tail);
              } else if (typeof step === "object" && "sealSteps" in step) {
                for (let n = 0; n < step.sealSteps; n++) store.tape.seal();
              } else if (typeof step === "object") {
                const before = now() - 60_000 * step.olderThan;
                while (store.tape.retain({ before, bytesMax: Infinity }, 0));
              }
              assert.equal(store.tape.head, all.length);
            }
            const kept = all.filter(({ seq }) => seq > store.tape.tail);
            assert.equal(bits(readAll(store.tape, { limit: Infinity })), bits(kept));
            assert.equal(store.tape.countFirst({ limit: Infinity }).count, kept.length);
            for (const query of queries) {
              const { after, from, limit } = query;
              const found = filtered(kept, query);
              const isNewest = after === undefined && from === undefined;
              const expected = isNewest
                ? found.slice(Math.max(0, found.length - limit))
                : found.slice(0, limit);
              assert.equal(bits(readAll(store.tape, query)), bits(expected));
              assertSlices(store.tape, kept, { ...query, after: query.after ?? store.tape.tail });
            }
          } finally {
            store.close();
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test("StoredTape reads many ticks of many symbols from parts of blocks unchanged", async () => {
    let path = folder.fresh();
    let store = new TestStore({ path, blockTicks: 30_000 }).follow();
    // One symbol with several parts, some with one, and many that share one.
    const symbolOf = (index: number) =>
      index % 2 === 0 ? "BUSY" : index % 3 === 0 ? `M${index % 10}` : `Q${index % 700}`;
    const ticks = Array.from({ length: 70_000 }, (_, index) =>
      tick({
        symbol: symbolOf(index),
        time: (index * 7) % 5_000,
        price: index / 7,
        size: index % 5 === 0 ? null : index % 100,
        bid: index % 11 === 0 ? null : index / 7 - 0.1,
      }));
    const all = await store.append(ticks);
    const check = () => {
      const { tape } = store;
      for (const name of ["BUSY", "M3", "M9", "Q1", "Q699", "Q350"]) {
        const symbols = new Set([name]);
        assert.equal(
          bits(readAll(tape, { symbols, after: 0, limit: Infinity })),
          bits(filtered(all, { symbols })),
          name,
        );
      }
      const some = new Set(["BUSY", "M3", "Q1", "Q7", "none"]);
      for (const query of [{}, { from: 100, to: 300 }, { symbols: some }, { after: 29_990 }]) {
        assertSlices(tape, all, { ...query, limit: 500 });
        assertSlices(tape, all, { ...query, limit: Infinity });
      }
    };
    check();
    store.seal();
    assert.ok(store.tape.unsealed > 0 && store.tape.unsealed < 20_000, `${store.tape.unsealed}`);
    check();
    [store, path] = reopened(store, path, 30_000);
    check();
    store.close();
  });

  test("StoredTape ends a call after some work, with the seq that it reached", async () => {
    const store = new TestStore({ blockTicks: 5_000 }).follow();
    const ticks = Array.from(
      { length: 60_000 },
      (_, index) => tick({ symbol: index === 59_000 ? "RARE" : "A", time: index }),
    );
    const all = await store.append(ticks);
    for (const seal of [false, true]) {
      if (seal) store.seal();
      const { seq, ticks } = store.tape.first({ from: 58_000, limit: 5 });
      if (seq < 58_000) assert.deepEqual(ticks, []);
      const slice = store.tape.first({ after: 0, limit: Infinity });
      assert.ok(
        slice.ticks.length >= 8_000 && slice.ticks.length < 30_000,
        `${slice.ticks.length}`,
      );
      assert.ok(slice.effort >= slice.ticks.length);
      assert.equal(slice.seq, slice.ticks.at(-1)!.seq);
      // One tick among many is found without reading the others.
      const rare = store.tape.first({ symbols: new Set(["RARE"]), after: 0, limit: 5 });
      assert.deepEqual(rare.ticks, [all[59_000]]);
      assert.ok(rare.effort < 1_000, `${rare.effort}`);
    }
    store.close();
  });

  test("StoredTape ignores a repeated tick", async () => {
    const store = new TestStore().follow();
    await store.append([tick(), tick()]);
    const entry = {
      ...{ first: 2, time: 0, definitions: [], marks: [], receipts: [], more: false },
      ticks: [{ ...tick(), seq: 2 }],
    };
    assert.throws(() => store.tape.add(entry), RangeError);
    assert.equal(store.tape.head, 2);
    store.close();
  });
});

describe("StoredTape: capacity", () => {
  const priced = (...prices: number[]) => prices.map((price) => tick({ time: price * 10, price }));
  const prices = (ticks: readonly TapedTick[]) => ticks.map(({ price }) => price);

  test("StoredTape keeps ticks up to its capacity and drops the oldest for a new one", async () => {
    const store = new TestStore({ ticksMax: 3 }).follow();
    const { tape } = store;
    await store.append(priced(1, 2, 3));
    assert.deepEqual([tape.tail, tape.head, tape.countFirst({ limit: Infinity }).count], [0, 3, 3]);
    await store.append(priced(4));
    assert.deepEqual([tape.tail, tape.head, tape.countFirst({ limit: Infinity }).count], [1, 4, 3]);
    assert.deepEqual(prices(readAll(tape, { limit: 9 })), [2, 3, 4]);
    await store.append(priced(5, 6));
    assert.deepEqual(prices(tape.first({ after: 0, limit: 2 }).ticks), [4, 5]);
    assert.deepEqual(prices(tape.first({ after: tape.tail, limit: 9 }).ticks), [4, 5, 6]);
    assert.deepEqual(prices(readAll(tape, { from: 0, limit: 2 })), [4, 5]);
    store.close();
  });

  test("StoredTape keeps the end of a batch that is larger than itself", async () => {
    const store = new TestStore({ ticksMax: 2, blockTicks: 100 }).follow();
    const all = await store.append(priced(1, 2, 3, 4, 5));
    assert.deepEqual([store.tape.tail, store.tape.head], [3, 5]);
    assert.deepEqual(readAll(store.tape, { limit: 9 }), all.slice(3));
    store.close();
  });

  test("StoredTape keeps the newest ticks with their seqs, for any capacity, batches and blocks", async () => {
    const batches = fc.array(fc.array(fc.nat(), { maxLength: 9 }), { maxLength: 9 });
    const anyMax = fc.integer({ min: 1, max: 20 });
    await fc.assert(
      fc.asyncProperty(
        anyMax,
        anyMax,
        batches,
        fc.nat(90),
        async (max, blockTicks, batches, seq) => {
          const store = new TestStore({ ticksMax: max, blockTicks }).follow();
          const { tape } = store;
          const all: TapedTick[] = [];
          for (const [index, batch] of batches.entries()) {
            all.push(...await store.append(priced(...batch)));
            if (index % 2 === 0) store.seal();
            while (tape.hasSurplus && tape.retain({ before: -Infinity, bytesMax: Infinity }, 0));
            const kept = all.slice(-max);
            assert.deepEqual([tape.tail, tape.head], [all.length - kept.length, all.length]);
            assert.deepEqual(readAll(tape, { limit: Infinity }), kept);
            const later = kept.filter((each) => each.seq > seq);
            assert.deepEqual(tape.first({ after: seq, limit: 7 }).ticks, later.slice(0, 7));
          }
          store.close();
        },
      ),
    );
  });

  test("StoredTape in memory frees the blocks of dropped ticks", async () => {
    const store = new TestStore({ ticksMax: 100, blockTicks: 50 }).follow();
    const { tape } = store;
    for (let round = 0; round < 200; round++) {
      await store.append(priced(...Array.from({ length: 10 }, (_, index) => index)));
      store.seal();
      while (tape.hasSurplus) tape.retain({ before: -Infinity, bytesMax: Infinity }, 0);
    }
    assert.equal(tape.countFirst({ limit: Infinity }).count, 100);
    assert.ok(tape.unsealed <= 60, String(tape.unsealed));
    assert.ok(tape.bytes < 400_000, String(tape.bytes));
    store.close();
  });
});

describe("StoredTape: what is derived", () => {
  const priced = (count: number, first = 0) =>
    Array.from({ length: count }, (_, index) => {
      const price = first + index;
      return tick({ symbol: ["A", "B", "C"][price % 3]!, time: price * 1_000, price });
    });

  test("StoredTape loads a saved market unchanged, with infinite and unknown values", async () => {
    const path = folder.fresh();
    const store = new TestStore({ path }).follow();
    const market = new Market({ barsKept: 5_000 });
    market.define("Z", { name: "Zed \u{1F600}", shares: 5, prevClose: 1 });
    market.define("A", { decimals: 3 });
    for (const each of await store.append(priced(50))) market.apply(each);
    const changes = market.takeChanges();
    while (store.tape.save(changes) < 50);
    const again = new TestStore({ path: folder.killed(path) }).follow();
    const { bars, since: _, ...state } = changes;
    const { bars: loadedBars, ...loadedState } = again.tape.load(1_000);
    assert.deepEqual(loadedState, state);
    const key = ({ symbol, interval, numbers }: typeof bars[number]) =>
      `${symbol} ${interval} ${numbers.join()}`;
    assert.deepEqual(loadedBars.map(key).sort(), bars.map(key).sort());
    assert.equal(again.tape.load(1_000).newest[0]!.bidTime, -Infinity);
    assert.ok(again.tape.load(2).bars.length < bars.length);
    store.close();
    again.close();
  });

  test("StoredTape keeps the saved state when a save fails", async () => {
    const path = folder.fresh();
    const store = new TestStore({ path }).follow();
    const { tape } = store;
    const market = new Market({ barsKept: 5 });
    const add = async (count: number, first: number) => {
      for (
        const each of await store.append(priced(count, first), {
          marks: [{ name: "feed", value: String(first) }],
        })
      ) market.apply(each);
    };
    await add(5, 0);
    tape.save(market.takeChanges());
    const before = bits(tape.load(10));
    await add(5, 5);
    const changes = market.takeChanges();
    store.writable(false);
    assert.throws(() => tape.save(changes), TapeError);
    assert.equal(bits(tape.load(10)), before);
    assert.equal(tape.saved, 5);
    assert.equal(tape.mark("feed"), "5");
    store.writable(true);
    assert.equal(tape.save(changes), 10);
    assert.equal(tape.load(10).seq, 10);
    const again = new TestStore({ path: folder.killed(path) }).follow();
    assert.deepEqual([again.tape.mark("feed"), again.tape.saved], ["5", 10]);
    again.close();
    store.close();
  });

  test("StoredTape keeps the newest mark of each name, stored or not, for any names", async () => {
    const path = folder.fresh();
    const store = new TestStore({ path, blockTicks: 1 }).follow();
    const mark = (name: string, value: string) => store.append([], { marks: [{ name, value }] });
    await mark("a", "1");
    await mark("epoch", "none of the tape's own");
    await mark("a", "2");
    const check = ({ tape }: TestStore) => {
      const found = ["a", "epoch", "saved", ""].map((name) => tape.mark(name));
      assert.deepEqual(found, ["2", "none of the tape's own", undefined, undefined]);
      assert.equal(tape.epoch, "e1");
    };
    check(store);
    store.seal();
    check(store);
    store.close();
    const again = new TestStore({ path, blockTicks: 1 }).follow();
    check(again);
    again.close();
  });
});
