import { describe, it } from "node:test";
import { cancels, type Correction, type TapedCorrection } from "../../src/core/correction.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import type { Entry, SlicedLog } from "../../src/log/log.ts";
import { Replica } from "../../src/replica/replica.ts";
import { openDatabase } from "../../src/store/database.ts";
import { readBars } from "../../src/tape/bars.ts";
import { StoredTape } from "../../src/tape/stored_tape.ts";
import type { Archive } from "../../src/tape/tape.ts";
import { bits } from "../core/ticks.ts";
import { type Chance, chanceOf } from "../helpers/chance.ts";
import { assertSame } from "../helpers/replica.ts";
import { TapeFolder } from "../helpers/tape_file.ts";

/** Schedules of deliveries, saves and kills. With 31, stored bars were once taken for older ones. */
const SEEDS = [3, 10, 24, 28, 29, 30, 31, 32], KILLS = 4;
const SYMBOLS = ["A", "B", "C"];
const START = Date.UTC(2026, 0, 5, 12);
/** So few bars in memory that most are on the tape. */
const BARS_KEPT = 20;
/** Seqs of a stream have gaps. */
const GAP = 1_000;

/** A stream of ticks and corrections, and the ticks that are left after all of them. */
class Stream {
  readonly entries: Entry[] = [];
  left: readonly TapedTick[] = [];
  readonly #chance: Chance;
  #seq = 1;

  constructor(chance: Chance) {
    this.#chance = chance;
    for (let at = 0; at < 1_500; at += 300) this.#addTicks(300, at);
    for (let round = 0; round < 10; round++) {
      if (chance(4) === 0) this.#addTicks(1 + chance(50), 1_400 + round * 20);
      else this.#correct();
    }
  }

  #addTicks(count: number, at: number): void {
    const chance = this.#chance;
    const ticks = Array.from({ length: count }, (_, index): TapedTick => ({
      seq: this.#seq + index,
      symbol: SYMBOLS[chance(SYMBOLS.length)]!,
      // Some come late.
      time: START + (at + index) * 1_000 - (chance(50) === 0 ? 90_000 : 0),
      price: 100 + chance(400) / 4,
      size: chance(5) === 0 ? null : chance(40) / 4,
      bid: null,
      ask: null,
    }));
    this.#add({ ticks }, [...this.left, ...ticks]);
  }

  #correct(): void {
    const chance = this.#chance, all = this.left;
    const { symbol, time: from } = all[chance(all.length)]!;
    const correction: Correction = chance(2) === 0
      ? { symbol, from, to: from + 1 + chance(400_000) }
      : { symbol, seqs: Array.from({ length: 1 + chance(5) }, () => all[chance(all.length)]!.seq) };
    const taped: TapedCorrection = { ...correction, seq: this.#seq };
    const left = all.filter((tick) => !cancels(taped, tick));
    this.#add({ ticks: [], corrections: [correction] }, left);
  }

  #add(content: Pick<Entry, "ticks" | "corrections">, left: readonly TapedTick[]): void {
    const none = { definitions: [], marks: [], receipts: [], more: false };
    this.entries.push({ ...none, ...content, first: this.#seq, time: START });
    this.left = left;
    this.#seq += Math.max(1, content.ticks.length) + this.#chance(3) * GAP;
  }
}

/** A replica that takes the entries of a stream one by one, when it is told to. */
class Follower {
  readonly tape: StoredTape;
  readonly market: Market;
  readonly replica: Replica;
  readonly #stream: Stream;
  #deliver: (entry: Entry) => void = () => {};
  /** Number of entries that it has. */
  count = 0;

  constructor(path: string, stream: Stream) {
    this.#stream = stream;
    const names = { bootId: "boot", holder: path, newEpoch: () => "e1" };
    const { db, meta, epoch } = openDatabase({ path, ...names });
    this.tape = new StoredTape({ db, meta, epoch, path, barsKept: 1_500, blockTicks: 500 });
    this.market = new Market({ barsKept: BARS_KEPT, older: this.tape });
    const log: Pick<SlicedLog, "follow" | "state"> = {
      state: { lag: { entries: stream.entries.length } } as SlicedLog["state"],
      follow: (after, deliver) => {
        this.#deliver = deliver;
        this.count = stream.entries.filter(({ first }) => first <= after).length;
      },
    };
    const hub = { publish() {}, publishGiven() {}, refresh() {}, correct() {} };
    const { tape, market } = this;
    this.replica = new Replica({ log: log as SlicedLog, tape, market, hub });
    this.replica.start(BARS_KEPT);
  }

  get isBehind(): boolean {
    return this.count < this.#stream.entries.length;
  }

  take(): void {
    if (this.isBehind) this.#deliver(this.#stream.entries[this.count++]!);
  }

  tidy(): void {
    this.tape.seal();
    this.tape.settle();
    this.tape.sweep();
  }

  /** Takes all entries, and compares its bars with those of the ticks that are left. */
  catchUp(what: string): void {
    while (this.isBehind) this.take();
    const right = new Market({ barsKept: 1_000_000 });
    for (const tick of this.#stream.left) right.apply(tick);
    assertSame(shown(this.market, this.tape), shown(right, { bars: () => [] }), what);
  }
}

/** The bars of a market. The clock decides which are closed, and corrections which are revised. */
function shown(market: Market, archive: Archive): string[] {
  return SYMBOLS.flatMap((symbol) =>
    INTERVALS.flatMap((interval) =>
      readBars(market, archive, symbol, interval, { limit: 1e9 })
        .map((bar) => bits({ ...bar, revised: undefined, closed: undefined }))
    )
  );
}

describe("A replica that catches up", () => {
  const folder = new TapeFolder();

  it("has the right bars, however often it is killed on the way", () => {
    for (const seed of SEEDS) {
      const chance = chanceOf(seed * 7_919);
      const stream = new Stream(chance);
      let path = folder.fresh();
      let follower = new Follower(path, stream);
      for (let kills = 0; kills < KILLS;) {
        const what = chance(10);
        if (what < 4) follower.take();
        else if (what < 8) { for (let save = chance(4); save > 0; save--) follower.replica.save(); }
        else if (what < 9) follower.tidy();
        else if (chance(3) === 0) {
          path = folder.killed(path);
          follower.tape.close();
          follower = new Follower(path, stream);
          kills++;
          if (chance(2) === 0) follower.catchUp(`seed ${seed}, after ${kills} kills`);
        }
      }
      follower.catchUp(`seed ${seed}`);
      follower.tape.close();
    }
  });
});
