import type { TapedTick } from "../../core/tick.ts";
import { FoundColumns } from "../../tape/found.ts";
import { type Count, formatPosition, type TapeReader, type TickQuery } from "../../tape/tape.ts";
import { listed, type Rows } from "../../wire/history.ts";
import { absolute, type Page, type TimeSlices } from "./history.ts";

/** A range of ticks: the first `limit` ones with `after` or `from`, otherwise the newest ones. */
export interface TickRange {
  readonly symbols?: ReadonlySet<string> | undefined;
  readonly after?: number | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
}

/** Finds the start and the end of an answer on the tape. Later ticks are not a part of it. */
export async function tickPage(
  tape: TapeReader,
  range: TickRange,
  timeSlices: TimeSlices,
): Promise<Page<TapedTick>> {
  const { symbols, after, from, to, limit } = range;
  const { head } = tape;
  const start = Math.max(tape.tail, after ?? 0, from === undefined ? 0 : tape.before(from));
  const all = { symbols, from, to, after: start, through: head, limit };
  // There are at most as many ticks as seqs.
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

/** The ticks of a query between two seqs: after `after`, up to `through`. */
interface Stretch extends TickQuery {
  readonly after: number;
  readonly through: number;
}

/** The seq before the last `limit` ticks. */
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

/** Counts up to `limit` ticks. @returns their number and the last one's seq, or else the end */
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

/** Reads the ticks between two seqs in slices. */
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
    // The buffer is used again, because the caller writes the rows before it reads the next ones.
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
