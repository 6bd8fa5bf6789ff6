import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { INTERVALS } from "../../src/core/interval.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import { TapeError } from "../../src/store/tape_error.ts";
import { bits, tick } from "../core/ticks.ts";
import { assertSame, TestReplica } from "../helpers/replica.ts";
import { readAll, TestStore } from "../helpers/store.ts";
import { change, overwrite, query, TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();
const SYMBOLS = ["A", "B", "C"];
const BLOCK_TICKS = 400;

function ticks(count: number, first = 0) {
  return Array.from({ length: count }, (_, index) => {
    const price = first + index;
    return tick({ symbol: SYMBOLS[price % 3]!, time: price * 40, price, size: 1 });
  });
}

/** A closed tape with ticks in blocks and in the log, bars and a saved market. */
async function wholeTape(path: string, count: number): Promise<TapedTick[]> {
  const test = new TestReplica({ path, blockTicks: BLOCK_TICKS, barsHeld: 2 });
  for (let first = 0; first < count; first += 100) {
    await test.send(ticks(Math.min(100, count - first), first), { key: `k${first}` });
  }
  test.seal();
  test.close();
  const store = open(path);
  const all = readAll(store.tape, { after: 0, limit: Infinity });
  store.close();
  assert.equal(all.length, count);
  return all;
}

function open(path: string): TestStore {
  const store = new TestStore({ path, blockTicks: BLOCK_TICKS });
  try {
    return store.follow();
  } catch (error) {
    store.close();
    throw error;
  }
}

/** All data of a tape: ticks, of which none may be missing, and derived data. */
function contents({ tape }: TestStore) {
  const { head, tail } = tape;
  const all = (query: object) => readAll(tape, { after: 0, limit: Infinity, ...query });
  const times = [0, 1, 2, 3].map((quarter) => quarter * head * 10);
  return {
    // A search by time reads only some blocks, so it comes first.
    ticks: [
      ...times.map((from) => all({ from, to: from + 1_000 })),
      [head, tail, tape.countFirst({ limit: Infinity }).count],
      ...times.map((from) => all({ symbols: new Set(["B"]), from, to: from + 1_000 })),
      all({}),
      ...SYMBOLS.map((symbol) => all({ symbols: new Set([symbol]) })),
      tape.last({ limit: 50 }).ticks,
    ].map((each) => bits(each)),
    derived: [
      ...SYMBOLS.flatMap((symbol) =>
        INTERVALS.flatMap((interval) => tape.bars(symbol, interval, { limit: 1e9 }))
      ),
      ...tape.load(10).instruments,
      ...tape.load(10).newest,
    ],
  };
}

/**
 * Checks that a changed file is refused, is reported as damaged, or gives exactly the written data.
 */
function assertNotSilent(path: string, ticks: string[], derived: ReadonlySet<string>): boolean {
  let store: TestStore | undefined;
  try {
    store = open(path);
    const found = contents(store);
    assertSame(found.ticks, ticks);
    for (const each of found.derived) assert.ok(derived.has(bits(each)), bits(each));
    return false;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.ok(error instanceof TapeError, String((error as Error).stack));
    assert.ok(error.message.includes(path), error.message);
    return true;
  } finally {
    store?.close();
  }
}

let whole: Promise<Awaited<ReturnType<typeof writeWhole>>> | undefined;

async function writeWhole() {
  const path = folder.fresh();
  const all = await wholeTape(path, 1_500);
  const store = open(path);
  const { ticks, derived } = contents(store);
  store.close();
  const good = readFileSync(path);
  return { all, good, ticks, derived: new Set(derived.map((each) => bits(each))) };
}

/** A new file with 1,500 ticks, 1,200 of them in blocks, and all its data. */
async function written() {
  const { good, ...rest } = await (whole ??= writeWhole());
  const path = folder.fresh();
  writeFileSync(path, good);
  return { path, good, ...rest };
}

describe("openParts: damage", () => {
  const noise = Uint8Array.from({ length: 8_192 }, (_, index) => (index * 7919 + 13) % 256);

  for (
    const [what, bytes] of [
      ["noise in a page", noise.subarray(0, 4_096)],
      ["noise in two pages", noise],
      ["zeros in a page", new Uint8Array(4_096)],
    ] as const
  ) {
    test(`A tape with ${what} is refused, reports damage when it is read, or is complete`, async () => {
      const { path, good, ticks, derived } = await written();
      const copy = folder.fresh();
      let noticed = 0;
      for (let at = 0; at < good.length; at += 4_096) {
        writeFileSync(copy, good);
        overwrite(copy, at, bytes.subarray(0, good.length - at));
        if (assertNotSilent(copy, ticks, derived)) noticed++;
      }
      assert.ok(noticed > good.length / 4_096 / 3, `${noticed} of ${good.length / 4_096}`);
      assert.equal(assertNotSilent(path, ticks, derived), false);
    });
  }

  test("A truncated tape is refused or reports damage when it is read", async () => {
    const { good, ticks, derived } = await written();
    const path = folder.fresh();
    for (const part of [0.3, 0.7, 0.95]) {
      writeFileSync(path, good.subarray(0, Math.floor(part * good.length)));
      assert.equal(assertNotSilent(path, ticks, derived), true);
    }
  });

  test("A tape with any changed byte reports damage or gives only written data", async () => {
    const { good, ticks, derived } = await written();
    const path = folder.fresh();
    let noticed = 0;
    const anywhere = fc.nat(good.length - 1);
    fc.assert(
      fc.property(anywhere, fc.integer({ min: 1, max: 255 }), (at, flipped) => {
        writeFileSync(path, good);
        overwrite(path, at, Uint8Array.of(good[at]! ^ flipped));
        if (assertNotSilent(path, ticks, derived)) noticed++;
      }),
      { numRuns: 150 },
    );
    assert.ok(noticed > 30, String(noticed));
  });

  /** Each makes of an intact tape one that must report damage. */
  const changes: [what: string, sql: string, message: RegExp][] = [
    ["the first block", "DELETE FROM block WHERE id = 1", /ticks 1 to 400 are missing/],
    ["a block in the middle", "DELETE FROM block WHERE id = 2", /ticks 401 to 800 are missing/],
    ["the last block", "DELETE FROM block WHERE id = 3", /damaged/],
    ["all blocks", "DELETE FROM block", /damaged/],
    ["all blocks and entries", "DELETE FROM block; DELETE FROM entry", /damaged/],
    ["the entries", "DELETE FROM entry", /its newest ticks, 1201 to 1500, are missing/],
    [
      "the newest entry",
      "DELETE FROM entry WHERE id = (SELECT max(id) FROM entry)",
      /newest ticks/,
    ],
    ["the oldest entry", "DELETE FROM entry WHERE id = (SELECT min(id) FROM entry)", /begins with/],
    ["all parts", "DELETE FROM chunk", /part 0 of block 1 is missing/],
    ["a part", "DELETE FROM chunk WHERE block = 2 AND part = 0", /part 0 of block 2 is missing/],
    ["a symbol", "DELETE FROM symbol WHERE id = 2", /symbol 2 is missing/],
    ["an instrument", "DELETE FROM instrument WHERE id = 1", /a record before B is missing/],
  ];
  for (const [what, sql, message] of changes) {
    test(`A tape without ${what} reports damage`, async () => {
      const { path, ticks, derived } = await written();
      change(path, sql);
      assert.equal(assertNotSilent(path, ticks, derived), true);
      assert.throws(() => {
        const store = open(path);
        try {
          contents(store);
        } finally {
          store.close();
        }
      }, message);
    });
  }

  const moves = ["after", "last", "count", "oldest", "newest", "appended", "id"];
  for (const column of moves) {
    test(`A block with a changed ${column} reports damage`, async () => {
      const { path, ticks, derived } = await written();
      for (const by of [1, -1, 5e6, -5e6]) {
        // Ids are unique, so this change would fail.
        if (column === "id" && Math.abs(by) === 1) continue;
        const copy = folder.fresh();
        copyFileSync(path, copy);
        change(copy, `UPDATE block SET ${column} = ${column} + ${by} WHERE id = 2`);
        assert.equal(assertNotSilent(copy, ticks, derived), true, `by ${by}`);
      }
    });
  }

  test("A part in the place of another is reported", async () => {
    const { path, ticks, derived } = await written();
    const body = "(SELECT body FROM chunk WHERE block = 1 AND part = 0)";
    change(path, `UPDATE chunk SET body = ${body} WHERE block = 2 AND part = 0`);
    assert.equal(assertNotSilent(path, ticks, derived), true);
  });

  test("A damaged tape still serves readers of other ticks", async () => {
    const { path, all } = await written();
    change(path, "UPDATE chunk SET body = zeroblob(length(body)) WHERE block = 2");
    const store = open(path);
    assert.throws(
      () => store.tape.first({ after: 300, limit: 200 }),
      /damaged \(the checksum of part \d of block 2/,
    );
    assert.throws(
      () => store.tape.last({ symbols: new Set(["A"]), through: 700, limit: 2 }),
      TapeError,
    );
    assert.deepEqual(store.tape.first({ after: 100, limit: 10 }).ticks, all.slice(100, 110));
    assert.deepEqual(store.tape.last({ limit: 10 }).ticks, all.slice(-10));
    assert.equal((await store.append(ticks(1)))[0]!.seq, 1_501);
    store.close();
  });

  test("A damaged tape stays unchanged, so that it can be recovered", async () => {
    const { path } = await written();
    const parts = query(path, "SELECT count(*) FROM chunk");
    change(path, "DELETE FROM block WHERE id = 3");
    assert.throws(() => open(path), TapeError);
    assert.equal(query(path, "SELECT count(*) FROM chunk"), parts);
  });
});
