/** One file of SQLite: https://www.sqlite.org/wal.html, https://nodejs.org/api/sqlite.html */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { TapedTick, Tick } from "../core/tick.ts";
import type { Bar, BarRange } from "../core/bar.ts";
import { DAY_MS, type Interval } from "../core/interval.ts";
import type { MarketChanges, MarketState } from "../core/market.ts";
import { BarTable } from "./bar_table.ts";
import { Damage } from "./checksum.ts";
import { closeDatabase, openDatabase, type OpenOptions, reasonOf, transact } from "./database.ts";
import { ReceiptTable } from "./receipt_table.ts";
import { SymbolTable } from "./symbol_table.ts";
import {
  type Archive,
  type Attached,
  type Receipt,
  RECEIPT_MS,
  type Retention,
  type Tape,
  type TickQuery,
} from "./tape.ts";
import { TextTable } from "./text_table.ts";
import { TickTable } from "./tick_table.ts";

export interface SqliteTapeOptions extends OpenOptions {
  now(): number;
}

/** Ticks appended within so long share one row of `span`. */
const SPAN_MS = 1_000;
/** So many ticks are forgotten in one go, so that live traffic is not held up. */
const FORGET_MAX = 5_000;
/** About what a tick takes of the file. */
const TICK_BYTES = 64;
/** Before the name of a mark, so that it is none of the tape's own records. */
const MARK = "mark ";

/**
 * A tape in a file. Every append is one transaction, so a process that is killed loses nothing that was
 * appended. The system writes to the disk in its own time: after a loss of power the newest ticks may be
 * gone and their seqs be given again, which is why the epoch changes then.
 */
export class SqliteTape implements Tape, Archive {
  readonly epoch: string;
  /** What the operator should know of how the file was found. */
  readonly notes: readonly string[];
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #now: () => number;
  readonly #tables: Tables;
  #head: number;
  #tail: number;
  #spanAt = -Infinity;
  /** Whether there are no bars left that may go for want of room. */
  #barsSpent = false;

  /** @throws {TapeError} in words for the operator */
  constructor(options: SqliteTapeOptions) {
    const { db, meta, epoch, notes } = openDatabase(options);
    this.#db = db;
    this.#path = options.path;
    this.#now = options.now;
    this.epoch = epoch;
    this.notes = notes;
    try {
      this.#tables = openTables(db, meta);
      const { first, last } = this.#tables.ticks.ends() ?? { first: 1, last: 0 };
      // A record takes no tick that is not newer than itself, so none may know more than the tape does.
      const known = Math.max(seqNoted(meta, "saved"), seqNoted(meta, "known"));
      if (known > last) throw new Damage("its newest ticks are missing");
      this.#tail = first - 1;
      this.#head = last;
    } catch (cause) {
      db.close();
      throw reasonOf("open", this.#path, cause);
    }
  }

  get head(): number {
    return this.#head;
  }

  get tail(): number {
    return this.#tail;
  }

  /** What was forgotten leaves room in the file, which is filled again. */
  get bytes(): number {
    const pragma = (name: string) =>
      Object.values(this.#db.prepare(`PRAGMA ${name}`).get()!)[0] as number;
    return this.#read(() =>
      (pragma("page_count") - pragma("freelist_count")) * pragma("page_size")
    );
  }

  append(ticks: readonly Tick[], { keyed = [], marks = new Map() }: Attached = {}): TapedTick[] {
    if (ticks.length + keyed.length + marks.size === 0) return [];
    const { ticks: table, insertSpan, receipts, meta } = this.#tables;
    const taped = ticks.map((tick, index) => tapedTick(this.#head + 1 + index, tick));
    const now = this.#now();
    const begins = ticks.length > 0 && Math.abs(now - this.#spanAt) >= SPAN_MS;
    this.#write(() => {
      if (begins) insertSpan.run(this.#head + 1, now);
      table.insert(taped);
      receipts.put(keyed.map(({ end, ...rest }) => ({ ...rest, seq: this.#head + end })));
      for (const [name, value] of marks) meta.put(MARK + name, value);
    });
    if (begins) this.#spanAt = now;
    this.#head += taped.length;
    return taped;
  }

  receipt(key: string): Receipt | undefined {
    return this.#read(() => this.#tables.receipts.find(key));
  }

  mark(name: string): string | undefined {
    return this.#read(() => this.#tables.meta.all().get(MARK + name));
  }

  read(query: TickQuery): TapedTick[] {
    return this.#read(() => this.#tables.ticks.read(query));
  }

  before(time: number): number {
    // No tick is taken whose time is more than a day ahead.
    return this.#read(() => Math.max(this.#tail, this.#appendedBefore(time - DAY_MS)));
  }

  load(barsKept: number): MarketState {
    const { meta, instruments, newest, bars } = this.#tables;
    const parsed = (table: TextTable) =>
      [...table.all().values()].map((text) =>
        JSON.parse(text, (_name, value) => value === "-Infinity" ? -Infinity : value)
      );
    return this.#read(() => ({
      seq: seqNoted(meta, "saved"),
      instruments: parsed(instruments),
      // The first version of the file saved all at once.
      newest: parsed(newest).map((each) => ({ seq: 0, ...each })),
      bars: bars.newest(barsKept),
    }));
  }

  save({ seq, instruments, newest, bars, late }: MarketChanges): void {
    const tables = this.#tables;
    const put = (table: TextTable, record: { readonly symbol: string }) => {
      const text = JSON.stringify(record, (_, value) => value === -Infinity ? "-Infinity" : value);
      table.put(record.symbol, text);
    };
    this.#write(() => {
      for (const each of instruments) put(tables.instruments, each);
      for (const each of newest) put(tables.newest, each);
      for (const each of bars) tables.bars.put(each);
      for (const { interval, tick } of late) tables.bars.revise(interval, tick);
      tables.meta.put("saved", String(seq));
      tables.meta.put("known", String(this.#head));
    });
  }

  bars(symbol: string, interval: Interval, range: BarRange): Bar[] {
    return this.#read(() => this.#tables.bars.range(symbol, interval, range));
  }

  retain({ before, bytesMax, through = Infinity }: Retention): boolean {
    const kept = this.#head - this.#tail;
    const { bytes } = this;
    const full = bytes > bytesMax;
    if (!full) this.#barsSpent = false;
    // Bars outlive ticks, but must not take the half of the room by which clients resume.
    const squeezed = full && kept * TICK_BYTES < bytesMax / 2 && !this.#barsSpent;
    const surplus = full && !squeezed ? Math.ceil(kept * (1 - bytesMax / bytes)) : 0;
    const old = this.#read(() => this.#appendedBefore(before));
    // The newest tick stays: the numbering goes on from it.
    const wanted = Math.min(Math.max(old, this.#tail + surplus), this.#head - 1, through);
    const tail = Math.max(this.#tail, Math.min(wanted, this.#tail + FORGET_MAX));
    const { ticks, forgetSpans, bars, receipts } = this.#tables;
    const more = this.#write(() => {
      if (tail > this.#tail) {
        ticks.forget(tail);
        forgetSpans.run(tail + 1);
      }
      if (squeezed) this.#barsSpent = !bars.squeeze();
      const moreReceipts = receipts.forget(this.#now() - RECEIPT_MS);
      return bars.forget(tail) || moreReceipts;
    });
    this.#tail = tail;
    return more || squeezed || tail < (full ? Math.min(this.#head - 1, through) : wanted);
  }

  close(): void {
    closeDatabase(this.#db, this.#tables.meta, this.#path);
  }

  /** The seq up to which ticks were appended before the time, to about a second. */
  #appendedBefore(time: number): number {
    // A span that began so much earlier has ended by then.
    const span = this.#tables.spanSince.get(time - SPAN_MS);
    return span === undefined ? this.#head : (span["seq"] as number) - 1;
  }

  /** @throws {TapeError} */
  #read<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      throw reasonOf("read", this.#path, cause);
    }
  }

  /** One transaction. @throws {TapeError} */
  #write<Result>(work: () => Result): Result {
    const { symbols } = this.#tables;
    const known = symbols.size;
    try {
      return transact(this.#db, work);
    } catch (cause) {
      symbols.truncate(known);
      throw reasonOf("write", this.#path, cause);
    }
  }
}

interface Tables {
  readonly meta: TextTable;
  readonly symbols: SymbolTable;
  readonly ticks: TickTable;
  readonly instruments: TextTable;
  readonly newest: TextTable;
  readonly bars: BarTable;
  readonly receipts: ReceiptTable;
  readonly insertSpan: StatementSync;
  readonly spanSince: StatementSync;
  readonly forgetSpans: StatementSync;
}

function openTables(db: DatabaseSync, meta: TextTable): Tables {
  const symbols = new SymbolTable(db);
  return {
    meta,
    symbols,
    ticks: new TickTable(db, symbols),
    instruments: new TextTable(db, "instrument"),
    newest: new TextTable(db, "newest"),
    bars: new BarTable(db, symbols),
    receipts: new ReceiptTable(db),
    insertSpan: db.prepare("INSERT INTO span VALUES (?, ?)"),
    spanSince: db.prepare("SELECT seq FROM span WHERE appended >= ? ORDER BY appended LIMIT 1"),
    // The span of the oldest tick that is kept stays.
    forgetSpans: db.prepare(
      "DELETE FROM span WHERE seq < (SELECT max(seq) FROM span WHERE seq <= ?)",
    ),
  };
}

/** `saved`: what follows from the ticks up to here is stored. `known`: nothing stored follows from later ones. */
function seqNoted(meta: TextTable, name: "saved" | "known"): number {
  return Number(meta.all().get(name) ?? 0);
}

/** A tick as the file gives it back: it knows no -0. */
function tapedTick(seq: number, { symbol, time, price, size, bid, ask }: Tick): TapedTick {
  return {
    seq,
    symbol,
    time: finite(time),
    price: finite(price),
    size: known(size),
    bid: known(bid),
    ask: known(ask),
  };
}

function known(value: number | null): number | null {
  return value === null ? null : finite(value);
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`Cannot log a tick with ${value} in it`);
  return value + 0;
}
