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
import { checkSum, Damage, sumOfWords } from "../store/checksum.ts";
import type { SymbolTable } from "./symbol_table.ts";

/**
 * Bars of these intervals are deleted with their ticks. Longer bars are kept longer. Where bars were given, the
 * short ones are kept too, because the longer ones are made of them again when something changes.
 */
const SHORT = INTERVALS.filter((interval) => lengthOf(interval) < lengthOf("1m"));
const MINUTE = INTERVALS.indexOf("1m"), MINUTE_MS = lengthOf("1m");
/** Most series that one call visits, and most bars of each, so that live traffic does not wait. */
const VISITS_MAX = 8;
const VISITED_MAX = 500;
/** Most bars that one call looks at to delete those that corrections have cancelled. */
const SWEPT_MAX = 200;

/** Allowed widths of records. The first file version stored the seq only in its own column. */
const WIDTHS = [SEQ, MADE_OF, BAR_RECORD_WIDTH, GIVEN_RECORD_WIDTH];

/**
 * Whether corrections have cancelled a bar.
 * @param seq of its newest tick
 * @param isOfTicks whether it is made of ticks only
 */
export type IsCancelledBar = (
  symbol: number,
  interval: Interval,
  time: number,
  seq: number,
  isOfTicks: boolean,
) => boolean;

/** Least number of bars per query, after a query that returned cancelled bars. */
const PAGE_MIN = 500;

type Row = [time: number, seq: number, numbers: Uint8Array, sum: number];

/** The bars of a tape in its file. A record has all numbers that are needed to update its bar. */
export class BarTable {
  readonly #symbols: SymbolTable;
  readonly #put: StatementSync;
  readonly #first: StatementSync;
  readonly #newest: StatementSync;
  readonly #forget: StatementSync;
  readonly #squeeze: StatementSync;
  readonly #oldestShort: StatementSync;
  readonly #remove: StatementSync;
  readonly #mixed: StatementSync;
  readonly #isCancelled: IsCancelledBar;
  /** Number of series that `forget` has visited. */
  #visited = 0;
  /** The time up to which a series has only bars that `forget` keeps, by symbol and interval. */
  readonly #keptThrough = new Map<string, number>();
  /** Number of series that `squeeze` has visited, and of the last ones with nothing to delete. */
  #squeezed = 0;
  #vain = 0;

  /**
   * @param keptMin number of newest bars that each series keeps in any case
   * @param isCancelled whether reads skip a record
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
    // The query skips given bars without ticks, so that they are not decoded in vain.
    this.#mixed = select(
      `>= ? AND time < ? AND length(numbers) > ${8 * MADE_OF}
       AND substr(numbers, ${8 * COUNT + 1}, 8) <> zeroblob(8) ORDER BY time`,
    );
    this.#newest = select("< ? ORDER BY time DESC LIMIT ?");
    const nth = (order: string, place: number) =>
      `(SELECT time FROM bar WHERE symbol = ?1 AND interval = ?2
        ORDER BY time ${order} LIMIT 1 OFFSET ${place})`;
    const some = `FROM bar WHERE symbol = ?1 AND interval = ?2`;
    const isOld = `time < ${nth("DESC", keptMin - 1)}`;
    this.#squeeze = db.prepare(
      `DELETE ${some} AND ${isOld} AND time < coalesce(${nth("ASC", VISITED_MAX)}, 1e300)`,
    );
    // The minute is 1 where it contains given bars.
    const isGiven = `EXISTS (SELECT 1 FROM bar AS minute WHERE minute.symbol = ?1
      AND minute.interval = ${MINUTE} AND length(minute.numbers) > ${8 * MADE_OF}
      AND minute.time = bar.time - (bar.time % ${MINUTE_MS} + ${MINUTE_MS}) % ${MINUTE_MS})`;
    this.#oldestShort = db.prepare(
      `SELECT time, ${isGiven} ${some} AND time > ?3 ORDER BY time LIMIT ${VISITED_MAX}`,
    );
    this.#oldestShort.setReturnArrays(true);
    this.#forget = db.prepare(
      `DELETE ${some} AND time > ?3 AND time <= ?4 AND seq <= ?5 AND ${isOld} AND NOT ${isGiven}`,
    );
  }

  put({ symbol, interval, numbers }: BarRecord): void {
    const id = this.#symbols.add(symbol);
    const index = INTERVALS.indexOf(interval);
    // Records of ticks keep the format from before given bars existed.
    const width = numbers[MADE_OF] === TICKS ? MADE_OF : numbers.length;
    const { words, bytes } = copied(id, index, numbers, width);
    this.#put.run(id, index, numbers[0]!, numbers[SEQ]!, bytes, sumOfWords(words));
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
   * Deletes some of the cancelled bars that start in `from <= time < to`.
   * @returns the time from which to continue; `undefined` if there are no more
   */
  sweep(symbol: string, interval: Interval, from: number, to: number): number | undefined {
    const id = this.#symbols.find(symbol);
    if (id === undefined) return undefined;
    const index = INTERVALS.indexOf(interval);
    const rows = rowsOf(this.#first.all(id, index, from, to, SWEPT_MAX));
    const isCancelled = (row: Row) => this.#isGone(id, interval, row);
    const last = rows.at(-1)?.[0];
    if (last !== undefined && rows.every(isCancelled)) {
      this.#remove.run(id, index, rows[0]![0], last);
    } else {
      for (const row of rows) if (isCancelled(row)) this.#remove.run(id, index, row[0], row[0]);
    }
    return rows.length < SWEPT_MAX ? undefined : after(last!);
  }

  /** The records of bars that contain both given bars and ticks. */
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

  /** Start of the oldest bar; infinite if there is none. */
  oldest(symbol: string, interval: Interval): number {
    const id = this.#symbols.find(symbol);
    if (id === undefined) return Infinity;
    const [row] = rowsOf(this.#first.all(id, INTERVALS.indexOf(interval), -Infinity, Infinity, 1));
    return row?.[0] ?? Infinity;
  }

  /**
   * Deletes short bars whose ticks were forgotten, in a few series per call, except in minutes with given bars.
   * @returns whether to call it again at once
   */
  forget(tail: number): boolean {
    const series = SHORT.length * this.#symbols.size;
    let more = false;
    for (let visit = 0; visit < Math.min(VISITS_MAX, series); visit++) {
      const at = this.#visited++ % series;
      const id = 1 + Math.floor(at / SHORT.length);
      if (this.#forgetOf(id, at % SHORT.length, tail)) more = true;
    }
    return more;
  }

  /** @returns whether to call it again at once */
  #forgetOf(symbol: number, interval: number, tail: number): boolean {
    const name = `${symbol} ${interval}`;
    const after = this.#keptThrough.get(name) ?? -Infinity;
    const found = this.#oldestShort.all(symbol, interval, after);
    const rows = found as unknown as (readonly [time: number, isGiven: number])[];
    const last = rows.at(-1)?.[0];
    if (last === undefined) return false;
    const { changes } = this.#forget.run(symbol, interval, after, last, tail);
    const other = rows.findIndex(([, isGiven]) => isGiven === 0);
    const kept = rows.at(other < 0 ? -1 : other - 1)!;
    if (other !== 0) this.#keptThrough.set(name, kept[0]);
    return changes === VISITED_MAX || (other < 0 && rows.length === VISITED_MAX);
  }

  /**
   * Deletes the oldest bars of all intervals to free space, in a few series per call.
   * @returns whether there may be more; false once all series had nothing to delete
   */
  squeeze(): boolean {
    const series = INTERVALS.length * this.#symbols.size;
    for (let visit = 0; visit < VISITS_MAX && this.#vain < series; visit++) {
      const at = this.#squeezed++ % series;
      const id = 1 + Math.floor(at / INTERVALS.length);
      const { changes } = this.#squeeze.run(id, at % INTERVALS.length);
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
      // Cancelled bars do not count, so the next query looks for more.
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

/** The next time at which a bar can start: times are whole milliseconds. */
function after(time: number): number {
  return time + 1;
}

/** The rows of a statement that returns arrays. */
function rowsOf(rows: unknown): Row[] {
  return rows as Row[];
}

/** @throws {Damage} */
function decode(symbol: number, interval: number, [time, seq, bytes, sum]: Row): Float64Array {
  const what = `a bar of ${time}`;
  const width = bytes.byteLength / 8;
  if (!WIDTHS.includes(width)) throw new Damage(`${what} is too short`);
  // A copy is aligned for doubles.
  const numbers = new Float64Array(new Uint8Array(bytes).buffer);
  checkSum(what, sum, sumOf(symbol, interval, numbers));
  if (numbers[0] !== time) throw new Damage(`${what} is in the place of another`);
  if (width >= BAR_RECORD_WIDTH) return numbers;
  const full = new Float64Array(BAR_RECORD_WIDTH);
  full.set(numbers);
  full[SEQ] = seq;
  return full;
}

/** A record with its series before it. It is shared, because new buffers cost more than the rest. */
const shared = new Float64Array(2 + GIVEN_RECORD_WIDTH);
const VIEWS = new Map(WIDTHS.map((width) => [width, {
  words: new Uint32Array(shared.buffer, 0, 2 * (2 + width)),
  bytes: new Uint8Array(shared.buffer, 16, 8 * width),
}]));

/** @returns views of a copy that the next call overwrites: of all numbers, and of the record */
function copied(symbol: number, interval: number, numbers: Float64Array, width: number) {
  shared[0] = symbol;
  shared[1] = interval;
  for (let at = 0; at < width; at++) shared[2 + at] = numbers[at]!;
  return VIEWS.get(width)!;
}

function sumOf(symbol: number, interval: number, numbers: Float64Array): number {
  return sumOfWords(copied(symbol, interval, numbers, numbers.length).words);
}
