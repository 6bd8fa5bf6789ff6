import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Correction } from "../../src/core/correction.ts";
import type { GivenBar } from "../../src/core/given_bar.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import {
  type Appended,
  type Draft,
  type Entry,
  ENTRY_TICKS_MAX,
  lastSeq,
  type Log,
} from "../../src/log/log.ts";
import { anyTick, bits, tick } from "../core/ticks.ts";

/** A log under test. */
export interface OpenLog {
  readonly log: Log;
  /** Resolves when followers were told of everything that was appended. */
  settled(): Promise<void>;
  /** Opens another log of the same entries, as after a kill; this log is not used any more. */
  again(): OpenLog | Promise<OpenLog>;
  close(): void | Promise<void>;
}

/** Ticks with different prices. */
export function numbered(count: number, first = 0): Tick[] {
  return Array.from({ length: count }, (_, index) => {
    const price = first + index;
    return tick({ symbol: ["A", "B", "C/D"][price % 3]!, time: price, price, bid: -price });
  });
}

/** A follower of a log, with what the log told it. */
export class Follower {
  readonly entries: Entry[] = [];

  get ticks(): TapedTick[] {
    return this.entries.flatMap(({ ticks }) => [...ticks]);
  }

  readonly deliver = (entry: Entry): void => void this.entries.push(entry);

  /** What came beside ticks. */
  get rest(): Pick<Entry, "definitions" | "marks" | "receipts"> {
    const all = <Name extends "definitions" | "marks" | "receipts">(name: Name) =>
      this.entries.flatMap((entry) => [...entry[name]]) as unknown as Entry[Name];
    return { definitions: all("definitions"), marks: all("marks"), receipts: all("receipts") };
  }
}

/** Checks that each tick comes once and in order, seqs grow, and no entry is too large. */
export function assertOrdered(entries: readonly Entry[], expected: readonly Tick[]): void {
  let last = 0;
  const found: Tick[] = [];
  for (const entry of entries) {
    assert.ok(entry.first > last, `${entry.first} after ${last}`);
    assert.ok(entry.ticks.length <= ENTRY_TICKS_MAX);
    entry.ticks.forEach(({ seq, ...rest }, index) => {
      assert.equal(seq, entry.first + index);
      found.push(rest);
    });
    last = lastSeq(entry);
  }
  assert.equal(bits(found), bits(expected));
}

/**
 * The suite that every log passes. `open` gives a new, empty log. Seqs grow, but not necessarily by
 * one from one entry to the next.
 */
export function logContract(name: string, open: () => OpenLog | Promise<OpenLog>): void {
  async function withLog(use: (opened: OpenLog, told: Follower) => Promise<unknown>) {
    const opened = await open();
    const told = new Follower();
    opened.log.follow(0, told.deliver);
    try {
      await use(opened, told);
    } finally {
      await opened.close();
    }
  }

  /** Follows another log of the same entries. */
  async function toldAgain(opened: OpenLog, after = 0): Promise<Follower> {
    const again = await opened.again();
    const told = new Follower();
    again.log.follow(after, told.deliver);
    await again.settled();
    await again.close();
    return told;
  }

  const appendAll = async (opened: OpenLog, drafts: readonly Draft[]) => {
    const appended = drafts.map((draft) => opened.log.append(draft));
    await opened.settled();
    return Promise.all(appended);
  };

  describe(`${name}: order`, () => {
    test(`${name} tells of nothing while it is empty`, () =>
      withLog(async (opened, told) => {
        await opened.settled();
        assert.deepEqual(told.entries, []);
        assert.deepEqual((await toldAgain(opened)).entries, []);
      }));

    for (const count of [1, 500, 4_095, 4_096, 4_097, 8_192, 50_000]) {
      test(`${name} appends a draft of ${count} ticks whole and in order`, () =>
        withLog(async (opened, told) => {
          const ticks = numbered(count);
          const [before, { first, last }, after] = await appendAll(opened, [
            { ticks: numbered(2) },
            { ticks, key: "k" },
            { ticks: numbered(3) },
          ]) as [Appended, Appended, Appended];
          const expected = [...numbered(2), ...ticks, ...numbered(3)];
          assertOrdered(told.entries, expected);
          assert.ok(before.last < first && last < after.first);
          const own = told.ticks.filter(({ seq }) => seq >= first && seq <= last);
          assert.equal(own.length, count);
          assert.equal(told.rest.receipts.find(({ key }) => key === "k")!.seq, last);
          const again = await toldAgain(opened);
          assertOrdered(again.entries, expected);
          assert.deepEqual(again.ticks, told.ticks);
        }));
    }

    test(`${name} orders drafts as they come, also while others wait`, () =>
      withLog(async (opened, told) => {
        const { log } = opened;
        const sizes = [3, 9_000, 1, 0, 4_096, 2, 20_000, 5];
        let first = 0;
        const drafts = sizes.map((count) => ({ ticks: numbered(count, (first += count) - count) }));
        const answers: number[] = [];
        const sent = drafts.map(async (draft, index) => {
          const appended = await log.append(draft);
          answers.push(index);
          // A sender that gets an answer sends its next draft.
          if (index === 1) sent.push(log.append({ ticks: numbered(7, first) }).then(() => {}));
          assert.equal(appended.last - appended.first >= draft.ticks.length - 1, true);
        });
        await opened.settled();
        await opened.settled();
        await Promise.all(sent);
        assert.deepEqual(answers, sizes.map((_, index) => index));
        const seqs = told.ticks.map(({ price }) => price);
        assert.equal(seqs.length, first + 7);
        // A later draft does not overtake a draft that waits.
        assert.deepEqual(seqs, Array.from({ length: first + 7 }, (_, index) => index));
      }));

    test(`${name} answers a draft without ticks with its position`, () =>
      withLog(async (opened) => {
        const [nothing, three, none] = await appendAll(opened, [
          { ticks: [], key: "a" },
          { ticks: numbered(3) },
          { ticks: [] },
        ]) as [Appended, Appended, Appended];
        assert.equal(nothing.last, nothing.first - 1);
        assert.equal(none.last, none.first - 1);
        assert.ok(three.first > nothing.last);
        assert.equal(none.last, three.last);
      }));

    test(`${name} answers a draft after the follower was told of it`, () =>
      withLog(async (opened, told) => {
        const counts: number[] = [];
        const sent = [1, 5_000, 2].map((count) =>
          opened.log.append({ ticks: numbered(count) }).then(({ last }) =>
            counts.push(told.ticks.filter(({ seq }) => seq <= last).length)
          )
        );
        assert.deepEqual(counts, []);
        await opened.settled();
        await Promise.all(sent);
        assert.deepEqual(counts, [1, 5_001, 5_003]);
      }));

    test(`${name} keeps its epoch`, () =>
      withLog(async (opened) => {
        const { epoch } = opened.log;
        assert.match(epoch, /^[a-z0-9]{1,32}$/);
        await appendAll(opened, [{ ticks: numbered(2) }]);
        assert.equal(opened.log.epoch, epoch);
        const again = await opened.again();
        assert.equal(again.log.epoch, epoch);
        await again.close();
      }));
  });

  describe(`${name}: what comes instead of ticks`, () => {
    const bar: GivenBar = {
      ...{ symbol: "A", interval: "1d", time: 0 },
      ...{ open: 1, high: 3, low: 0.5, close: 2, volume: null },
    };
    const corrections: Correction[] = [{ symbol: "A", seqs: [1] }, { symbol: "C/D", from: 0 }];

    test(`${name} gives bars and corrections one seq, between those of ticks`, () =>
      withLog(async (opened, told) => {
        const appended = await appendAll(opened, [
          { ticks: numbered(2) },
          { ticks: [], bars: [bar, { ...bar, time: 86_400_000 }] },
          { ticks: [], corrections, key: "k" },
          { ticks: numbered(1) },
        ]);
        const last = appended.map((each) => each.last);
        assert.deepEqual([...new Set(last)].sort((a, b) => a - b), last);
        for (const each of [told, await toldAgain(opened)]) {
          const [given] = each.entries.filter(({ bars }) => bars !== undefined);
          const [correcting] = each.entries.filter((entry) => entry.corrections !== undefined);
          assert.deepEqual(given!.bars, [bar, { ...bar, time: 86_400_000 }]);
          assert.deepEqual(correcting!.corrections, corrections);
          assert.deepEqual([given!, correcting!].map(lastSeq), [last[1], last[2]]);
          assert.deepEqual(each.rest.receipts.map(({ key, seq }) => [key, seq]), [["k", last[2]]]);
          assert.deepEqual(each.ticks.map(({ seq }) => seq), [last[0]! - 1, last[0], last[3]]);
        }
      }));
  });

  describe(`${name}: what comes with ticks`, () => {
    const definition = (symbol: string, name: string) => ({ symbol, fields: { name, shares: 2 } });
    const mark = (name: string, value: string) => ({ name, value });

    test(`${name} tells of definitions, marks and receipts at their position, also when followed again`, () =>
      withLog(async (opened, told) => {
        await appendAll(opened, [
          { ticks: numbered(2), definitions: [definition("A", "Ä \u{1F600}")], key: "k \u{1F600}" },
          { ticks: [], marks: [mark("feed", "1"), mark("other feed", "x")] },
          { ticks: [], definitions: [definition("A", "second"), definition("NEW", "n")], key: "l" },
          { ticks: numbered(1), marks: [mark("feed", "2")], key: "m" },
        ]);
        for (const each of [told, await toldAgain(opened)]) {
          const { definitions, marks, receipts } = each.rest;
          assert.deepEqual(definitions, [
            definition("A", "Ä \u{1F600}"),
            definition("A", "second"),
            definition("NEW", "n"),
          ]);
          assert.deepEqual(marks, [mark("feed", "1"), mark("other feed", "x"), mark("feed", "2")]);
          const seqs = each.ticks.map(({ seq }) => seq);
          assert.deepEqual(receipts.map(({ key, accepted, seq }) => [key, accepted, seq]), [
            ["k \u{1F600}", 2, seqs[1]],
            ["l", 0, seqs[1]],
            ["m", 1, seqs[2]],
          ]);
        }
      }));

    test(`${name} tells of the rest of a large draft once, behind its last tick`, () =>
      withLog(async (opened, told) => {
        const definitions = [definition("A", "a")];
        const marks = [mark("feed", "9")];
        await appendAll(opened, [{ ticks: numbered(10_000), definitions, marks, key: "k" }]);
        for (const each of [told, await toldAgain(opened)]) {
          assert.deepEqual(each.rest.definitions, definitions);
          assert.deepEqual(each.rest.marks, marks);
          assert.equal(each.rest.receipts.filter(({ key }) => key === "k").length, 1);
          assert.deepEqual(each.entries.at(-1)!.marks, marks);
          assert.deepEqual(
            each.entries.map(({ more }) => more),
            each.entries.map((_, index) => index < each.entries.length - 1),
          );
        }
      }));

    test(`${name} keeps a draft with a definition that leaves a field unknown`, () =>
      withLog(async (opened, told) => {
        const fields = { name: null, decimals: null, prevClose: -0.5 };
        await appendAll(opened, [{ ticks: [], definitions: [{ symbol: "A", fields }] }]);
        const again = await toldAgain(opened);
        for (const each of [told, again]) {
          assert.deepEqual(each.rest.definitions, [{ symbol: "A", fields }]);
        }
      }));
  });

  describe(`${name}: ticks`, () => {
    test(`${name} keeps every number exactly, and null as null`, () =>
      withLog(async (opened, told) => {
        const numbers = [0, -0, 1, -1.5, 0.1 + 0.2, 1e-9, -1e21, 5e-324, 1.7e308, 1 / 3];
        const ticks = numbers.map((price) =>
          tick({ price, time: price, size: Math.abs(price), bid: price, ask: price })
        );
        ticks.push(tick({ price: 7 }), tick({ bid: 1 }), tick({ ask: -0 }), tick({ size: 0 }));
        await appendAll(opened, [{ ticks }]);
        assertOrdered(told.entries, ticks);
        assertOrdered((await toldAgain(opened)).entries, ticks);
      }));

    test(`${name} logs only the fields of a tick`, () =>
      withLog(async (opened, told) => {
        await appendAll(opened, [{ ticks: [{ ...tick(), seq: 999, note: "more" } as Tick] }]);
        assert.notEqual(told.ticks[0]!.seq, 999);
        assertOrdered(told.entries, [tick()]);
      }));

    test(`${name} tells of any ticks in any drafts as they were appended`, async () => {
      const drafts = fc.array(fc.array(anyTick("A", "B", "C/D"), { maxLength: 9 }), {
        maxLength: 6,
      });
      await fc.assert(
        fc.asyncProperty(drafts, (drafts) =>
          withLog(async (opened, told) => {
            await appendAll(opened, drafts.map((ticks) => ({ ticks })));
            assertOrdered(told.entries, drafts.flat());
            assertOrdered((await toldAgain(opened)).entries, drafts.flat());
          })),
        { numRuns: 20 },
      );
    });
  });

  describe(`${name}: following`, () => {
    test(`${name} tells of each entry after a seq once`, () =>
      withLog(async (opened, told) => {
        for (const count of [2, 5_000, 1, 3]) {
          await appendAll(opened, [{ ticks: numbered(count) }, { ticks: [], key: `k${count}` }]);
        }
        let current = opened;
        for (const after of [0, ...new Set(told.entries.map(lastSeq))]) {
          const again = await current.again();
          const later = new Follower();
          again.log.follow(after, later.deliver);
          await again.settled();
          assert.deepEqual(later.ticks, told.ticks.filter(({ seq }) => seq > after), `${after}`);
          if (current !== opened) await current.close();
          current = again;
        }
        const [appended] = await appendAll(current, [{ ticks: numbered(1) }]);
        assert.ok(appended!.last > told.ticks.at(-1)!.seq);
        await current.close();
      }));

    test(`${name} tells of old entries first when followed again, then of new ones`, () =>
      withLog(async (opened, told) => {
        await appendAll(opened, [{ ticks: numbered(3) }]);
        const again = await opened.again();
        const later = new Follower();
        again.log.follow(0, later.deliver);
        await appendAll(again, [{ ticks: numbered(5_000, 3) }]);
        assertOrdered(later.entries, numbered(5_003));
        assert.deepEqual(later.ticks.slice(0, 3), told.ticks);
        await again.close();
      }));
  });
}
