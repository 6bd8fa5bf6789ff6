import { RecordFault } from "../wire/record_fault.ts";
import { type Form, FormFault } from "./form.ts";
import { detectLayout } from "./layout_detection.ts";
import type { Layout, Taken } from "./layout.ts";
import { readTables } from "./source.ts";
import type { NumberedRow, Table } from "./table.ts";
import { SAMPLE_LINES } from "./text_reader.ts";

/** Most records of a source with the newest first, because they must be reversed in memory. */
const TURNED_MAX = 5_000_000;
/** Most kinds of records in one source. */
const KINDS_MAX = 16;

export interface RecordReaderOptions {
  readonly form: Form;
  /** Ends the error for a record without a time; `undefined`: the record gets the current time. */
  readonly timeless?: string | undefined;
  /** Whether to read what has arrived without waiting for more. */
  readonly isLive?: boolean;
  /** Whether the caller accepts bars. */
  readonly takesBars?: boolean;
  now(): number;
  /** Called for a bad record. Unless it throws, the next ones are read. */
  broken(reason: string): void;
  /** Whether nothing is read after a bad record. */
  readonly stopsAtBroken?: boolean;
}

/** Turns records into ticks and bars. */
export class RecordReader {
  readonly #options: RecordReaderOptions;
  #layout: Layout | undefined;
  /** Layouts of records that differ from the first ones. */
  readonly #others: Layout[] = [];
  /** Records that wait until their form is known. */
  #first: Table | undefined;
  #isStopped = false;

  constructor(options: RecordReaderOptions) {
    this.#options = options;
  }

  /** The layout of the records, once it is known. */
  get layout(): Layout | undefined {
    return this.#layout;
  }

  /**
   * Reads a source to its end.
   * @throws {FormFault} if the form cannot be detected, or differs from the given one
   */
  async *readAll(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Taken> {
    const { form, isLive = false } = this.#options;
    this.#first = undefined;
    for await (const table of readTables({ chunks, form, isLive })) {
      if (this.#waits(table)) {
        // To find out the form takes a while. Before and after it, the caller may let other work run.
        yield nothing();
        if (!this.#detect()) continue;
        yield nothing();
        yield this.#takeFirst();
      } else yield this.read(table);
      if (this.#isStopped) return;
    }
    yield this.end();
  }

  /**
   * Reads a source to its end, and reverses it if the newest record comes first.
   * @throws {FormFault} as `readAll`
   */
  async *readInOrder(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Taken> {
    const turned = nothing();
    for await (const taken of this.readAll(chunks)) {
      if (this.#layout?.parts.isNewestFirst !== true) {
        yield taken;
        continue;
      }
      for (const tick of taken.ticks) turned.ticks.push(tick);
      for (const bar of taken.bars) turned.bars.push(bar);
      // The caller may let other work run.
      yield nothing();
      if (turned.ticks.length + turned.bars.length > TURNED_MAX) {
        throw new FormFault(
          `its newest record comes first: sort more than ${TURNED_MAX} records by time`,
        );
      }
    }
    yield { ticks: turned.ticks.reverse(), bars: turned.bars.reverse() };
  }

  /** @throws {FormFault} as `readAll` */
  read(table: Table): Taken {
    if (!this.#waits(table)) {
      const taken = nothing();
      this.#take(table, taken);
      return taken;
    }
    return this.#detect() ? this.#takeFirst() : nothing();
  }

  /** Reads the waiting records, at the end of the source. @throws {FormFault} as `readAll` */
  end(): Taken {
    return this.#first !== undefined && this.#detect(true) ? this.#takeFirst() : nothing();
  }

  /** Whether the form of the table is not known. Its records then wait until there are enough. */
  #waits(table: Table): boolean {
    if (this.#layout !== undefined && this.#isAlike(table, this.#layout)) return false;
    this.#first = this.#first === undefined
      ? table
      : { ...this.#first, rows: [...this.#first.rows, ...table.rows] };
    return true;
  }

  /** Whether the table has the columns of the layout. */
  #isAlike({ columns }: Table, { parts }: Layout): boolean {
    return columns === parts.columns || String(columns) === String(parts.columns);
  }

  /** @returns whether the form of the waiting records is known now */
  #detect(isEnd = false): boolean {
    const first = this.#first!;
    const isEnough = isEnd || this.#options.isLive || first.rows.length >= SAMPLE_LINES;
    if (!isEnough) return false;
    // Records whose form cannot be found out do not wait for others.
    this.#first = undefined;
    const { form, timeless, takesBars = false } = this.#options;
    const layout = detectLayout(first, form, { timeless });
    if (layout.parts.isBar && !takesBars) {
      const close = layout.parts.form.map.get("close");
      throw new FormFault(
        `its records are bars: send them to /bars, or take a price of each, as in map=price:${close}`,
      );
    }
    this.#layout = layout;
    this.#first = first;
    return true;
  }

  /** Takes the waiting records, whose form is known. */
  #takeFirst(): Taken {
    const taken = nothing();
    const first = this.#first!;
    this.#first = undefined;
    this.#take(first, taken);
    // The sample may have contained no record.
    const isEmpty = taken.ticks.length + taken.bars.length === 0;
    if (isEmpty && first.columns === undefined) this.#layout = undefined;
    return taken;
  }

  #take(table: Table, taken: Taken): void {
    const now = this.#options.now();
    for (const row of table.rows) {
      try {
        this.#layout!.take(row, now, taken);
      } catch (error) {
        if (!(error instanceof RecordFault)) throw error;
        if (this.#takeOtherwise(row, table, now, taken)) continue;
        this.#options.broken(`${nameOf(row, table)}: ${error.message}`);
        if (this.#options.stopsAtBroken === true) {
          this.#isStopped = true;
          return;
        }
      }
    }
  }

  /**
   * Tries other layouts, because one source can have several kinds of messages.
   * @returns whether one fits
   */
  #takeOtherwise(row: NumberedRow, table: Table, now: number, taken: Taken): boolean {
    const { form, timeless, isLive = false, takesBars = false } = this.#options;
    if (!isLive || table.columns !== undefined || row.value instanceof RecordFault) return false;
    const tryWith = (layout: Layout) => {
      try {
        layout.take(row, now, taken);
        return true;
      } catch (error) {
        if (error instanceof RecordFault) return false;
        throw error;
      }
    };
    if (this.#others.some(tryWith)) return true;
    if (this.#others.length >= KINDS_MAX) return false;
    try {
      const layout = detectLayout({ ...table, rows: [row] }, form, { timeless });
      if (layout.parts.isBar && !takesBars) return false;
      if (!tryWith(layout)) return false;
      this.#others.push(layout);
      return true;
    } catch (error) {
      // The error for the expected kind is reported instead.
      if (error instanceof FormFault) return false;
      throw error;
    }
  }
}

function nothing(): Taken {
  return { ticks: [], bars: [] };
}

/** The place of a record, for error messages. */
function nameOf({ number, symbol }: NumberedRow, { unit }: Table): string {
  const isNamed = unit === "record" && symbol !== undefined;
  return `${unit} ${isNamed ? JSON.stringify(symbol) : number}`;
}

/** Adds the name of the source to an error. */
export function ofSource(error: unknown, name: string): unknown {
  if (!(error instanceof FormFault)) return error;
  return new FormFault(`Cannot read ${name}: ${error.message}`, { cause: error });
}
