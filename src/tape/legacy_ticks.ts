/**
 * The ticks of files of version 0.1.0, one row each. They are moved into blocks, a part at a time.
 * Until then they are read from their rows.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Lru } from "../core/lru.ts";
import type { TapedTick } from "../core/tick.ts";
import { checkSum, Damage, sumOfWords } from "../store/checksum.ts";
import { MemoryBlock } from "./memory_block.ts";
import type { Runs } from "./runs.ts";
import type { Effort, Segment, View } from "./segment.ts";
import type { SymbolTable } from "./symbol_table.ts";

type Unknown = number | null;
type Row = [
  seq: number,
  symbol: number,
  time: number,
  price: number,
  size: Unknown,
  bid: Unknown,
  ask: Unknown,
  sum: number,
];

/** Ticks per segment, and segments per block. */
const SEGMENT_TICKS = 8_192, SEGMENTS_A_BLOCK = 8;
const FORGET_MAX = 5_000;

export class LegacyTicks {
  readonly #db: DatabaseSync;
  readonly #symbols: SymbolTable;
  readonly #select: StatementSync;
  readonly #spans: StatementSync;
  readonly #cache = new Lru<MemoryBlock>(16);
  /** The numbers of one tick, whose checksum is made of their 32-bit words. */
  readonly #numbers = new Float64Array(7);
  readonly #words = new Uint32Array(this.#numbers.buffer);

  private constructor(db: DatabaseSync, symbols: SymbolTable) {
    this.#db = db;
    this.#symbols = symbols;
    this.#select = db.prepare("SELECT * FROM tick WHERE seq > ? AND seq <= ? ORDER BY seq");
    this.#select.setReturnArrays(true);
    this.#spans = db.prepare(
      `SELECT seq, appended FROM span WHERE seq > (SELECT coalesce(max(seq), 0) - 1 FROM span WHERE seq <= ?)
       AND seq <= ? ORDER BY seq`,
    );
  }

  /** @returns `undefined` if the file has no such ticks: it is new, or they are in blocks */
  static of(db: DatabaseSync, symbols: SymbolTable): LegacyTicks | undefined {
    const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'tick'").get();
    if (table === undefined) return undefined;
    const ticks = new LegacyTicks(db, symbols);
    if (!ticks.isEmpty) return ticks;
    ticks.drop();
    return undefined;
  }

  /** The segments of the ticks after a seq. */
  segments(after: number): LegacySegment[] {
    const { first, last } = this;
    const segments: LegacySegment[] = [];
    for (let begin = Math.max(after, first - 1); begin < last; begin += SEGMENT_TICKS) {
      segments.push(new LegacySegment(this, begin, Math.min(last, begin + SEGMENT_TICKS)));
    }
    return segments;
  }

  /** @throws {Damage} */
  load(after: number, last: number): MemoryBlock {
    const name = `${after}`;
    let block = this.#cache.get(name);
    if (block === undefined) {
      block = new MemoryBlock(after, (id) => this.#symbols.nameOf(id));
      this.addTo(block, after, last);
      this.#cache.set(name, block, 1);
    }
    return block;
  }

  /** Adds the ticks after a seq to a block. @throws {Damage} */
  addTo(block: MemoryBlock, after: number, last: number): void {
    const rows = this.#select.all(after, last) as unknown as Row[];
    if (rows.length !== last - after) {
      throw new Damage(`${last - after - rows.length} ticks after ${after} are missing`);
    }
    const spans = this.#spans.all(after, last) as { seq: number; appended: number }[];
    let span = 0;
    for (const row of rows) {
      while (spans[span + 1] !== undefined && spans[span + 1]!.seq <= row[0]) span++;
      block.add(row[1], this.#decode(row), spans[span]?.appended ?? 0);
    }
  }

  /** When the newest tick up to a seq was appended. */
  appendedAt(seq: number): number {
    const rows = this.#spans.all(seq, seq) as { appended: number }[];
    return rows.at(-1)?.appended ?? 0;
  }

  /** Deletes some of the ticks up to a seq; part of a transaction. */
  forget(through: number): void {
    const end = Math.min(through, this.first + FORGET_MAX - 1, Number.MAX_SAFE_INTEGER);
    this.#db.prepare("DELETE FROM tick WHERE seq <= ?").run(end);
  }

  /** Drops the tables that only version 0.1.0 used. */
  drop(): void {
    this.#db.exec("DROP TABLE tick; DROP TABLE span");
  }

  /** Whether no ticks are left. */
  get isEmpty(): boolean {
    return this.#end("max") === null;
  }

  /** The seq of the first tick; infinite if there is none. */
  get first(): number {
    return this.#end("min") ?? Infinity;
  }

  /** The seq of the last tick; 0 if there is none. */
  get last(): number {
    return this.#end("max") ?? 0;
  }

  #end(which: "min" | "max"): number | null {
    return this.#db.prepare(`SELECT ${which}(seq) AS seq FROM tick`).get()!["seq"] as number | null;
  }

  #decode([seq, id, time, price, size, bid, ask, sum]: Row): TapedTick {
    checkSum(`tick ${seq}`, sum, this.#sum(seq, id, time, price, size, bid, ask));
    return { seq, symbol: this.#symbols.nameOf(id), time, price, size, bid, ask };
  }

  /** An unknown number counts as infinite, because no number of a tick is infinite. */
  #sum(...values: [number, number, number, number, Unknown, Unknown, Unknown]): number {
    values.forEach((value, index) => this.#numbers[index] = value ?? Infinity);
    return sumOfWords(this.#words);
  }
}

/** A segment of these ticks. Its event times are unknown until it is read. */
export class LegacySegment implements Segment {
  readonly after: number;
  readonly last: number;
  readonly oldest = -Number.MAX_VALUE;
  readonly newest = Number.MAX_VALUE;
  readonly #ticks: LegacyTicks;

  constructor(ticks: LegacyTicks, after: number, last: number) {
    this.#ticks = ticks;
    this.after = after;
    this.last = last;
  }

  get count(): number {
    return this.last - this.after;
  }

  get appended(): number {
    return this.#ticks.appendedAt(this.last);
  }

  runs(): Runs {
    return this.#block().runs();
  }

  countOf(symbols: readonly number[] | undefined): number {
    return symbols === undefined ? this.count : this.#block().countOf(symbols);
  }

  view(symbol: number | undefined, effort: Effort): View {
    effort.spent += this.count;
    return this.#block().view(symbol);
  }

  #block(): MemoryBlock {
    return this.#ticks.load(this.after, this.last);
  }
}

/** Collects segments into a block, one segment per step. */
export class Gathering {
  readonly segments: readonly LegacySegment[];
  readonly #ticks: LegacyTicks;
  readonly #block: MemoryBlock;
  #next = 0;

  /** @param segments all that are left; the block gets the first ones */
  constructor(ticks: LegacyTicks, segments: readonly LegacySegment[], symbols: SymbolTable) {
    this.#ticks = ticks;
    this.segments = segments.slice(0, SEGMENTS_A_BLOCK);
    this.#block = new MemoryBlock(this.segments[0]!.after, (id) => symbols.nameOf(id));
  }

  /** @returns the block once it is complete @throws {Damage} */
  step(): MemoryBlock | undefined {
    const { after, last } = this.segments[this.#next++]!;
    this.#ticks.addTo(this.#block, after, last);
    return this.#next === this.segments.length ? this.#block : undefined;
  }
}
