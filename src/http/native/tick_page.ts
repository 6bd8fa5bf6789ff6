import type { TapedTick } from "../../core/tick.ts";
import { FoundColumns } from "../../tape/found.ts";
import { type Count, formatPosition, type TapeReader, type TickQuery } from "../../tape/tape.ts";
import { listed, type Rows } from "../../wire/history.ts";
import type { Page, TimeSlices } from "./history.ts";

/** Which ticks; with `after` or `from` the first so many, else the newest. */
export interface TickRange {
  readonly symbols?: ReadonlySet<string> | undefined;
  readonly after?: number | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
}

/** Finds where an answer begins and ends on the tape; what comes later is not in it. */
export async function tickPage(
  tape: TapeReader,
  range: TickRange,
  timeSlices: TimeSlices,
): Promise<Page<TapedTick>> {
  const { symbols, after, from, to, limit } = range;
  const { head } = tape;
  const start = Math.max(tape.tail, after ?? 0, from === undefined ? 0 : tape.before(from));
  const all = { symbols, from, to, after: start, through: head, limit };
  // No seq is given twice, so there are no more ticks than seqs.
  if (head - start <= limit) return new TickReader(tape, all);
  if (after === undefined && from === undefined) {
    return new TickReader(tape, { ...all, after: await beginOfLast(tape, all, timeSlices) });
  }
  const { seq: end } = await passFirst(tape, all, timeSlices);
  const reader = new TickReader(tape, { ...all, through: end });
  const { count } = await passFirst(tape, { ...all, after: end, limit: 1 }, timeSlices);
  if (count === 0) return reader;
  const next = { after: formatPosition(tape.epoch, end), ...absolute("from", from) };
  return Object.assign(reader, { next: { ...next, ...absolute("to", to) } });
}

/** A relative time means another one by the time of the next page. */
function absolute(name: string, time: number | undefined): Record<string, number> {
  return time === undefined ? {} : { [name]: time };
}

/** Which ticks, of those between two places: the bounds as a query has them. */
interface Stretch extends TickQuery {
  readonly after: number;
  readonly through: number;
}

/** The place before the last so many ticks. */
async function beginOfLast(
  tape: TapeReader,
  stretch: Stretch,
  timeSlices: TimeSlices,
): Promise<number> {
  let { through, limit } = stretch;
  while (limit > 0 && through > stretch.after) {
    const { count, seq } = tape.countLast({ ...stretch, through, limit });
    limit -= count;
    through = seq;
    await timeSlices.take();
  }
  return through;
}

/** Passes over the first so many ticks. @returns how many there were, and the seq of the last of them, or the end */
async function passFirst(
  tape: TapeReader,
  stretch: Stretch,
  timeSlices: TimeSlices,
): Promise<Count> {
  let [count, seq] = [0, stretch.after];
  while (seq < stretch.through && count < stretch.limit) {
    const passed = tape.countFirst({ ...stretch, after: seq, limit: stretch.limit - count });
    count += passed.count;
    seq = passed.seq;
    await timeSlices.take();
  }
  return { count, seq };
}

/** Ticks between two places on the tape, slice by slice. */
class TickReader implements Page<TapedTick> {
  readonly #tape: TapeReader;
  readonly #stretch: Stretch;
  #found: FoundColumns | undefined;
  #after: number;
  #left: number;

  constructor(tape: TapeReader, stretch: Stretch) {
    this.#tape = tape;
    this.#stretch = stretch;
    this.#after = stretch.after;
    this.#left = stretch.symbols?.size === 0 ? 0 : stretch.limit;
  }

  get done(): boolean {
    return this.#left === 0 || this.#after >= this.#stretch.through;
  }

  read(most: number): Rows<TapedTick> {
    if (this.done) return listed([]);
    if (this.#after < this.#tape.tail) {
      throw new RangeError("Cannot read on: the ticks that come next are no longer kept");
    }
    const limit = Math.min(most, this.#left);
    // Whoever gets the rows is done with them before the next.
    const found = this.#found ??= new FoundColumns(limit);
    this.#after = this.#tape.columns({ ...this.#stretch, after: this.#after, limit }, found);
    this.#left -= found.count;
    return rowsOf(found, this.#tape);
  }
}

function rowsOf(found: FoundColumns, tape: TapeReader): Rows<TapedTick> {
  const { columns, count, seqs } = found;
  const { times: time, prices: price, sizes: size, bids: bid, asks: ask } = columns;
  const numbers: Readonly<Record<string, Float64Array>> = {
    seq: seqs,
    time,
    price,
    size,
    bid,
    ask,
  };
  const wordOf = (symbol: number) => tape.nameOf(symbol);
  const tickAt = (index: number): TapedTick => {
    const symbol = wordOf(columns.symbols[index]!);
    return { seq: seqs[index]!, symbol, ...columns.at(index) };
  };
  return {
    count,
    list: () => Array.from({ length: count }, (_, index) => tickAt(index)),
    numbers: (name) => numbers[name]!.subarray(0, count),
    words: () => ({ numbers: columns.symbols.subarray(0, count), wordOf }),
  };
}
