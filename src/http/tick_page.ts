import type { TapedTick } from "../core/tick.ts";
import { formatPosition, type TapeReader } from "../tape/tape.ts";
import { type Page, SLICE_ROWS, type Turns } from "./history.ts";

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
  turns: Turns,
): Promise<Page<TapedTick>> {
  const { symbols, after, from, to, limit } = range;
  const { head } = tape;
  const since = from === undefined ? 0 : tape.before(from);
  const start = Math.max(tape.tail, after ?? 0, since);
  const all = symbols === undefined && from === undefined && to === undefined;
  const reader = (begin: number, end: number, most: number) =>
    new TickReader(tape, { symbols, from, to, limit: most }, begin, end);
  // No seq is given twice, so there are no more ticks than seqs.
  if (symbols?.size === 0 || head - start <= limit) return reader(start, head, limit);
  if (after === undefined && from === undefined) {
    const begin = all
      ? tape.skip(start, Math.max(0, tape.count - limit))
      : await beginOfNewest(tape, range, head, turns);
    return reader(begin, head, limit);
  }
  const end = all
    ? tape.skip(start, limit)
    : await endOfFirst(reader(start, head, limit + 1), limit, turns);
  if (end === undefined || end === head) return reader(start, head, limit);
  const next = { after: formatPosition(tape.epoch, end), ...absolute("from", from) };
  return Object.assign(reader(start, end, limit), { next: { ...next, ...absolute("to", to) } });
}

/** A relative time means another one by the time of the next page. */
function absolute(name: string, time: number | undefined): Record<string, number> {
  return time === undefined ? {} : { [name]: time };
}

/** The place before the newest so many ticks. */
async function beginOfNewest(
  tape: TapeReader,
  { symbols, to, limit }: TickRange,
  head: number,
  turns: Turns,
): Promise<number> {
  let left = limit;
  let through = head;
  while (through > tape.tail) {
    const query = { symbols, to, through, limit: Math.min(left, SLICE_ROWS) };
    const { ticks, seq } = tape.last(query);
    left -= ticks.length;
    if (left === 0) return seq;
    through = seq;
    await turns.take();
  }
  return tape.tail;
}

/** The seq of the last of so many ticks; `undefined` when no more come after it. */
async function endOfFirst(
  reader: TickReader,
  limit: number,
  turns: Turns,
): Promise<number | undefined> {
  let count = 0;
  let last: number | undefined;
  while (!reader.done) {
    const ticks = reader.read();
    if (count + ticks.length > limit) return ticks[limit - count - 1]?.seq ?? last;
    count += ticks.length;
    last = ticks.at(-1)?.seq ?? last;
    await turns.take();
  }
  return undefined;
}

/** Ticks between two places on the tape, slice by slice. */
class TickReader implements Page<TapedTick> {
  readonly #tape: TapeReader;
  readonly #range: TickRange;
  readonly #end: number;
  #seq: number;
  #left: number;

  constructor(tape: TapeReader, range: TickRange, begin: number, end: number) {
    this.#tape = tape;
    this.#range = range;
    this.#seq = begin;
    this.#end = end;
    this.#left = range.symbols?.size === 0 ? 0 : range.limit;
  }

  get done(): boolean {
    return this.#left === 0 || this.#seq >= this.#end;
  }

  read(): TapedTick[] {
    if (this.done) return [];
    if (this.#seq < this.#tape.tail) {
      throw new RangeError("Cannot read on: the ticks that come next are no longer kept");
    }
    const { symbols, from, to } = this.#range;
    const limit = Math.min(SLICE_ROWS, this.#left);
    const bounds = { after: this.#seq, through: this.#end, limit };
    const { ticks, seq } = this.#tape.first({ symbols, from, to, ...bounds });
    this.#left -= ticks.length;
    this.#seq = seq;
    return ticks;
  }
}
