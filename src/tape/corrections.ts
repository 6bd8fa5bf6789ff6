import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { TapedCorrection } from "../core/correction.ts";
import { type Interval, INTERVALS } from "../core/interval.ts";
import { checkSum, Damage, sumOfText } from "../store/checksum.ts";
import type { TextTable } from "../store/text_table.ts";
import { Cancelled } from "./cancelled.ts";
import type { SymbolTable } from "./symbol_table.ts";

interface Row {
  readonly id: number;
  readonly seq: number;
  readonly body: string;
  readonly sum: number;
}

/** A correction, and the place where the deletion of its cancelled bars continues. */
interface Kept {
  readonly correction: TapedCorrection;
  sweeping: { readonly interval: number; readonly from: number } | undefined;
}

/** A range of bars in which a correction has cancelled some. */
export interface Sweeping {
  readonly symbol: string;
  readonly interval: Interval;
  readonly from: number;
  readonly to: number;
}

/** The name of the record that holds the ids of the last forgotten row and of the last row. */
const NOTED = "corrections";

/**
 * The corrections of a tape, oldest first. Cancelled ticks stay in their blocks, but reads skip
 * them. A correction is kept as long as the tape may have ticks or bars that it cancels.
 */
export class Corrections {
  readonly #symbols: SymbolTable;
  readonly #meta: TextTable;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  #cancelled = new Cancelled();
  #kept: Kept[] = [];
  /** The id of the last row, and the number of newest corrections that have no row yet. */
  #lastId: number;
  #fresh = 0;

  /** @throws {Damage} */
  constructor(db: DatabaseSync, meta: TextTable, symbols: SymbolTable) {
    this.#symbols = symbols;
    this.#meta = meta;
    this.#insert = db.prepare("INSERT INTO correction VALUES (?, ?, ?, ?)");
    this.#delete = db.prepare("DELETE FROM correction WHERE id <= ?");
    const noted = meta.all().get(NOTED)?.split(" ").map(Number);
    const [forgotten = 0, last = 0] = noted ?? [];
    const rows = db.prepare("SELECT * FROM correction WHERE id > ? ORDER BY id").all(forgotten);
    for (const [index, row] of rows.entries()) {
      this.#add(decode(row as unknown as Row, forgotten + 1 + index));
    }
    if (forgotten + rows.length !== last) throw new Damage(`correction ${last} is missing`);
    this.#lastId = last;
  }

  /** The cancelled ticks and bars. */
  get cancelled(): Cancelled {
    return this.#cancelled;
  }

  /** Whether the correction at a seq was added: after a start the log may deliver it again. */
  has(seq: number): boolean {
    return seq <= (this.#kept.at(-1)?.correction.seq ?? 0);
  }

  /** Adds the newest correction. */
  add(correction: TapedCorrection): void {
    this.#add(correction);
    this.#fresh++;
  }

  #add(correction: TapedCorrection): void {
    this.#cancel(correction);
    const sweeping = correction.seqs === undefined ? { interval: 0, from: -Infinity } : undefined;
    this.#kept.push({ correction, sweeping });
  }

  /** A symbol without a number has no ticks before the correction, so nothing is cancelled. */
  #cancel(correction: TapedCorrection): void {
    const symbol = this.#symbols.find(correction.symbol);
    if (symbol !== undefined) this.#cancelled.add(symbol, correction);
  }

  /** The corrections after a seq. */
  after(seq: number): TapedCorrection[] {
    const first = this.#kept.findIndex(({ correction }) => correction.seq > seq);
    return first < 0 ? [] : this.#kept.slice(first).map(({ correction }) => correction);
  }

  /** Stores new corrections; part of a transaction. @returns a function to call after the commit */
  store(): () => void {
    const fresh = this.#kept.slice(this.#kept.length - this.#fresh);
    if (fresh.length === 0) return () => {};
    let id = this.#lastId;
    for (const { correction } of fresh) {
      const { seq, ...rest } = correction;
      const body = JSON.stringify(rest);
      this.#insert.run(++id, seq, body, sumOf(id, seq, body));
    }
    this.#note(id - (this.#kept.length), id);
    return () => {
      this.#lastId = id;
      this.#fresh -= fresh.length;
    };
  }

  /**
   * Deletes corrections that cancel nothing that is kept; part of a transaction.
   * @returns a function to call after the commit
   */
  forget(tail: number): () => void {
    const end = this.#kept.findIndex(({ correction: { seq }, sweeping }) =>
      seq > tail || sweeping !== undefined
    );
    const count = Math.min(end < 0 ? this.#kept.length : end, this.#kept.length - this.#fresh);
    if (count === 0) return () => {};
    const stored = this.#kept.length - this.#fresh;
    const forgotten = this.#lastId - stored + count;
    this.#delete.run(forgotten);
    this.#note(forgotten, this.#lastId);
    return () => {
      const kept = this.#kept.slice(count);
      this.#cancelled = new Cancelled();
      for (const { correction } of kept) this.#cancel(correction);
      this.#kept = kept;
    };
  }

  /** Whether the file may have cancelled bars. */
  get isSweeping(): boolean {
    return this.#kept.some(({ sweeping }) => sweeping !== undefined);
  }

  /** Deletes some cancelled bars. @param sweep deletes them, returns where to continue */
  sweep(sweep: (where: Sweeping) => number | undefined): boolean {
    const kept = this.#kept.find(({ sweeping }) => sweeping !== undefined);
    if (kept === undefined) return false;
    const { interval, from: begin } = kept.sweeping!;
    const { symbol, from = -Infinity, to = Infinity } = kept.correction;
    const next = sweep({ symbol, interval: INTERVALS[interval]!, from: Math.max(from, begin), to });
    if (next !== undefined) kept.sweeping = { interval, from: next };
    else if (interval + 1 < INTERVALS.length) {
      kept.sweeping = { interval: interval + 1, from: -Infinity };
    } else kept.sweeping = undefined;
    return true;
  }

  #note(forgotten: number, last: number): void {
    this.#meta.put(NOTED, `${forgotten} ${last}`);
  }
}

/** @param expected the id that the row must have @throws {Damage} */
function decode({ id, seq, body, sum }: Row, expected: number): TapedCorrection {
  if (id !== expected) throw new Damage(`correction ${expected} is missing`);
  checkSum(`correction ${id}`, sum, sumOf(id, seq, body));
  return { seq, ...JSON.parse(body) };
}

function sumOf(id: number, seq: number, body: string): number {
  return sumOfText(String(id), String(seq), body);
}
