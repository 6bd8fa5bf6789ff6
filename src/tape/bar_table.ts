import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  BAR_RECORD_WIDTH,
  type BarRange,
  type BarRecord,
  COUNT,
  MADE_OF,
  SEQ,
  TICKS,
} from "../core/bar.ts";
import { GIVEN_RECORD_WIDTH } from "../core/given_record.ts";
import { type Interval, INTERVALS, lengthOf } from "../core/interval.ts";
import { checkSum, Damage, sumOfNumbers } from "../store/checksum.ts";
import type { SymbolTable } from "./symbol_table.ts";

/** Bars of these intervals are forgotten with their ticks; longer ones outlive them. */
const SHORT = INTERVALS.filter((interval) => lengthOf(interval) < lengthOf("1m"));
/** So many series are looked at in one go, and so many bars of each, so that live traffic is not held up. */
const VISITS_MAX = 8;
const VISITED_MAX = 500;

/** Widths of records: the first version of the file had the seq beside them. */
const WIDTHS = [SEQ, MADE_OF, BAR_RECORD_WIDTH, GIVEN_RECORD_WIDTH];

/**
 * Whether a bar was made of nothing that is left.
 * @param seq of its newest tick
 * @param isOfTicks whether it has no part that was given
 */
export type IsCancelledBar = (
  symbol: number,
  interval: Interval,
  time: number,
  seq: number,
  isOfTicks: boolean,
) => boolean;

/** Bars that one query looks at when it has to pass cancelled ones. */
const PAGE_MIN = 500;

type Row = [time: number, seq: number, numbers: Uint8Array, sum: number];

/** The bars of a tape in a file: each is stored with all that is needed to go on with it. */
export class BarTable {
  readonly #symbols: SymbolTable;
  readonly #put: StatementSync;
  readonly #first: StatementSync;
  readonly #newest: StatementSync;
  readonly #forget: StatementSync;
  readonly #remove: StatementSync;
  readonly #mixed: StatementSync;
  readonly #isCancelled: IsCancelledBar;
  /** Counts the series that were looked at for bars to forget. */
  #visited = 0;
  /** The same for want of room, and how many of them in a row had none. */
  #squeezed = 0;
  #vain = 0;

  /**
   * @param keptMin bars of each series that are kept in any case
   * @param isCancelled whether a record is passed over
   */
  constructor(
    db: DatabaseSync,
    symbols: SymbolTable,
    keptMin: number,
    isCancelled: IsCancelledBar = () => false,
  ) {
    this.#symbols = symbols;
    this.#isCancelled = isCancelled;
    this.#remove = db.prepare(
      "DELETE FROM bar WHERE symbol = ? AND interval = ? AND time >= ? AND time <= ?",
    );
    this.#put = db.prepare("INSERT OR REPLACE INTO bar VALUES (?, ?, ?, ?, ?, ?)");
    const where = "FROM bar WHERE symbol = ? AND interval = ? AND time";
    const select = (rest: string) => {
      const statement = db.prepare(`SELECT time, seq, numbers, sum ${where} ${rest}`);
      statement.setReturnArrays(true);
      return statement;
    };
    this.#first = select(">= ? AND time < ? ORDER BY time LIMIT ?");
    // A given bar without a tick is as it was given: no row is decoded for nothing.
    this.#mixed = select(
      `>= ? AND time < ? AND length(numbers) > ${8 * MADE_OF}
       AND substr(numbers, ${8 * COUNT + 1}, 8) <> zeroblob(8) ORDER BY time`,
    );
    this.#newest = select("< ? ORDER BY time DESC LIMIT ?");
    const nth = (order: string, place: number) =>
      `(SELECT time FROM bar WHERE symbol = ?1 AND interval = ?2
        ORDER BY time ${order} LIMIT 1 OFFSET ${place})`;
    this.#forget = db.prepare(
      `DELETE FROM bar WHERE symbol = ?1 AND interval = ?2 AND seq <= ?3
       AND time < ${nth("DESC", keptMin - 1)}
       AND time < coalesce(${nth("ASC", VISITED_MAX)}, 1e300)`,
    );
  }

  put({ symbol, interval, numbers }: BarRecord): void {
    const id = this.#symbols.add(symbol);
    const index = INTERVALS.indexOf(interval);
    // What is made of ticks is as it was when there was nothing else.
    const own = numbers[MADE_OF] === TICKS ? numbers.subarray(0, MADE_OF) : numbers;
    const bytes = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
    this.#put.run(id, index, own[0]!, own[SEQ]!, bytes, sumOf(id, index, own));
  }

  remove(symbol: string, interval: Interval, time: number): void {
    const id = this.#symbols.find(symbol);
    if (id !== undefined) this.#remove.run(id, INTERVALS.indexOf(interval), time, time);
  }

  /** The record of the bar that starts at a time. */
  find(symbol: string, interval: Interval, time: number): Float64Array | undefined {
    return this.range(symbol, interval, { from: time, to: time + 1, limit: 1 })[0];
  }

  /**
   * Takes some of the bars out of the file that start in `from < time < to` and were taken back.
   * @returns after which time to go on; `undefined` when there are no more
   */
  sweep(symbol: string, interval: Interval, from: number, to: number): number | undefined {
    const id = this.#symbols.find(symbol);
    if (id === undefined) return undefined;
    const index = INTERVALS.indexOf(interval);
    const rows = rowsOf(this.#first.all(id, index, after(from), to, VISITED_MAX));
    const isCancelled = (row: Row) => this.#isGone(id, interval, row);
    const last = rows.at(-1)?.[0];
    if (last !== undefined && rows.every(isCancelled)) {
      this.#remove.run(id, index, rows[0]![0], last);
    } else {
      for (const row of rows) if (isCancelled(row)) this.#remove.run(id, index, row[0], row[0]);
    }
    return rows.length < VISITED_MAX ? undefined : last;
  }

  /** The records of bars that are made of given ones, and have ticks in them. */
  mixed(symbol: string, interval: Interval, range: BarRange): Float64Array[] {
    const { from = -Infinity, to = Infinity } = range;
    const id = this.#symbols.find(symbol);
    if (id === undefined) return [];
    const index = INTERVALS.indexOf(interval);
    return rowsOf(this.#mixed.all(id, index, from, to)).map((row) => decode(id, index, row));
  }

  #isGone(symbol: number, interval: Interval, [time, seq, { byteLength }]: Row): boolean {
    return this.#isCancelled(symbol, interval, time, seq, byteLength <= 8 * MADE_OF);
  }

  /** Start of the oldest bar; infinite when there is none. */
  oldest(symbol: string, interval: Interval): number {
    const id = this.#symbols.find(symbol);
    if (id === undefined) return Infinity;
    const [row] = rowsOf(this.#first.all(id, INTERVALS.indexOf(interval), -Infinity, Infinity, 1));
    return row?.[0] ?? Infinity;
  }

  /**
   * Forgets short bars whose ticks are gone, in a few of the series; the next call goes on with others.
   * @returns whether there is more to forget at once
   */
  forget(tail: number): boolean {
    const series = SHORT.length * this.#symbols.size;
    let more = false;
    for (let visit = 0; visit < Math.min(VISITS_MAX, series); visit++) {
      const at = this.#visited++ % series;
      const id = 1 + Math.floor(at / SHORT.length);
      const { changes } = this.#forget.run(id, at % SHORT.length, tail);
      more ||= changes === VISITED_MAX;
    }
    return more;
  }

  /**
   * Forgets for want of room the oldest bars, long ones too, in a few of the series.
   * @returns whether there may be more: not after all series had none
   */
  squeeze(): boolean {
    const series = INTERVALS.length * this.#symbols.size;
    for (let visit = 0; visit < VISITS_MAX && this.#vain < series; visit++) {
      const at = this.#squeezed++ % series;
      const id = 1 + Math.floor(at / INTERVALS.length);
      const { changes } = this.#forget.run(id, at % INTERVALS.length, Number.MAX_SAFE_INTEGER);
      this.#vain = changes === 0 ? this.#vain + 1 : 0;
    }
    if (this.#vain < series) return true;
    this.#vain = 0;
    return false;
  }

  /** The records of bars by time, oldest first. */
  range(
    symbol: string,
    interval: Interval,
    { from, to = Infinity, limit }: BarRange,
  ): Float64Array[] {
    const id = this.#symbols.find(symbol);
    if (id === undefined) return [];
    const index = INTERVALS.indexOf(interval);
    const found: Float64Array[] = [];
    let size = limit;
    for (let [begin, end] = [from, to]; found.length < limit; size = Math.max(limit, PAGE_MIN)) {
      const rows = begin === undefined
        ? rowsOf(this.#newest.all(id, index, end, size))
        : rowsOf(this.#first.all(id, index, begin, end, size));
      for (const row of rows) {
        if (found.length === limit) break;
        if (this.#isGone(id, interval, row)) continue;
        found.push(decode(id, index, row));
      }
      if (rows.length < size) break;
      // Cancelled bars do not count, so others take their place.
      if (begin === undefined) end = rows.at(-1)![0];
      else begin = after(rows.at(-1)![0]);
    }
    return from === undefined ? found.reverse() : found;
  }

  /** The newest bars of every series, oldest first. */
  newest(count: number): BarRecord[] {
    const records: BarRecord[] = [];
    for (const symbol of this.#symbols.names()) {
      for (const interval of INTERVALS) {
        for (const numbers of this.range(symbol, interval, { limit: count })) {
          records.push({ symbol, interval, numbers });
        }
      }
    }
    return records;
  }
}

/** The next time at which a bar can start. */
function after(time: number): number {
  return time + 1;
}

/** What a statement that returns arrays returned. */
function rowsOf(rows: unknown): Row[] {
  return rows as Row[];
}

/** @throws {Damage} */
function decode(symbol: number, interval: number, [time, seq, bytes, sum]: Row): Float64Array {
  const what = `a bar of ${time}`;
  const width = bytes.byteLength / 8;
  if (!WIDTHS.includes(width)) throw new Damage(`${what} is too short`);
  // The copy is aligned as numbers must be.
  const numbers = new Float64Array(new Uint8Array(bytes).buffer);
  checkSum(what, sum, sumOf(symbol, interval, numbers));
  if (numbers[0] !== time) throw new Damage(`${what} is in the place of another`);
  if (width >= BAR_RECORD_WIDTH) return numbers;
  const full = new Float64Array(BAR_RECORD_WIDTH);
  full.set(numbers);
  full[SEQ] = seq;
  return full;
}

function sumOf(symbol: number, interval: number, numbers: Float64Array): number {
  const all = new Float64Array(2 + numbers.length);
  all[0] = symbol;
  all[1] = interval;
  all.set(numbers, 2);
  return sumOfNumbers(all);
}
