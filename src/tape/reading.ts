import type { TapedTick } from "../core/tick.ts";
import { type Effort, indexOf, type Segment, type View } from "./segment.ts";
import type { Slice } from "./tape.ts";

/** What one call may cost, about in ticks that are looked at, before it ends behind a segment. */
export const EFFORT_MAX = 16_000;
/** What looking at a segment costs, whatever it holds. */
const SEGMENT_EFFORT = 5;
/** Of more symbols than this all ticks of a segment are read, to be filtered. */
const MERGED_MAX = 16;

/** Which ticks of some segments; symbols by number. */
export interface Range {
  readonly symbols: readonly number[] | undefined;
  /** Seqs: the first that is wanted is greater, the last at most that. */
  readonly after: number;
  readonly through: number;
  /** Event times, the second not included. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** The first ticks of a range, oldest first: what is in it up to the seq of the answer is in the answer. */
export function readFirst(segments: readonly Segment[], range: Range): Slice {
  const { after, through, limit } = range;
  const effort = { spent: 0 };
  const ticks: TapedTick[] = [];
  let seq = after;
  for (let at = segmentAfter(segments, after); at < segments.length && seq < through; at++) {
    if (ticks.length >= limit) return { ticks, seq, effort: effort.spent };
    const segment = segments[at]!;
    effort.spent += SEGMENT_EFFORT;
    const end = Math.min(segment.last, through);
    const views = viewsOf(segment, range, effort);
    const found = mergeFirst(segment, views, range, limit - ticks.length, effort);
    for (const tick of found) ticks.push(tick);
    if (ticks.length >= limit) {
      return { ticks, seq: ticks.at(-1)?.seq ?? seq, effort: effort.spent };
    }
    seq = end;
    if (effort.spent >= EFFORT_MAX) return { ticks, seq, effort: effort.spent };
  }
  return { ticks, seq: Math.max(seq, through), effort: effort.spent };
}

/** The last ticks of a range, oldest first: what is in it after the seq of the answer is in the answer. */
export function readLast(segments: readonly Segment[], range: Range): Slice {
  const { after, through, limit } = range;
  const effort = { spent: 0 };
  const pieces: TapedTick[][] = [];
  let seq = through;
  let left = limit;
  let at = Math.min(segmentAfter(segments, through - 1), segments.length - 1);
  for (; at >= 0 && seq > after && left > 0; at--) {
    const segment = segments[at]!;
    effort.spent += SEGMENT_EFFORT;
    const found = mergeLast(segment, viewsOf(segment, range, effort), range, left, effort);
    pieces.push(found);
    left -= found.length;
    seq = left === 0 ? found[0]!.seq - 1 : Math.max(after, segment.after);
    if (effort.spent >= EFFORT_MAX) break;
  }
  if (at < 0 && left > 0) seq = after;
  return { ticks: pieces.reverse().flat(), seq, effort: effort.spent };
}

/** The index of the segment in which the first seq after this one is, or would be. */
function segmentAfter(segments: readonly Segment[], seq: number): number {
  let low = 0, high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (segments[middle]!.last <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A view of which every tick is of the symbols wanted, or that of all symbols. */
function viewsOf(segment: Segment, { symbols, from, to }: Range, effort: Effort): readonly View[] {
  if (segment.newest < from || segment.oldest >= to || segment.count === 0) return [];
  if (symbols === undefined || symbols.length > MERGED_MAX) {
    return [segment.view(undefined, effort)];
  }
  return symbols.map((symbol) => segment.view(symbol, effort)).filter(({ length }) => length > 0);
}

/** Whether a tick of the view of all symbols may be given. */
function filterOf({ symbols, from, to }: Range): (view: View, index: number) => boolean {
  const wanted = symbols !== undefined && symbols.length > MERGED_MAX
    ? new Set(symbols)
    : undefined;
  const timed = from > -Infinity || to < Infinity;
  if (wanted === undefined && !timed) return () => true;
  return (view, index) => {
    if (wanted !== undefined && !wanted.has(view.symbolAt(index))) return false;
    const time = view.timeAt(index);
    return time >= from && time < to;
  };
}

/** The places of a segment that a range has: the first, and the one behind the last. */
function placesOf(segment: Segment, { after, through }: Range): [begin: number, end: number] {
  const { count } = segment;
  const runs = segment.runs();
  return [
    after <= segment.after ? 0 : runs.placeAfter(after, count),
    through >= segment.last ? count : runs.placeAfter(through, count),
  ];
}

function mergeFirst(
  segment: Segment,
  views: readonly View[],
  range: Range,
  limit: number,
  effort: Effort,
): TapedTick[] {
  const ticks: TapedTick[] = [];
  if (views.length === 0) return ticks;
  const [begin, end] = placesOf(segment, range);
  const isWanted = filterOf(range);
  const next = views.map((view) => indexOf(view, begin));
  while (ticks.length < limit) {
    let first = -1, place = end;
    for (let each = 0; each < views.length; each++) {
      const view = views[each]!;
      const index = next[each]!;
      if (index < view.length && view.placeAt(index) < place) {
        first = each;
        place = view.placeAt(index);
      }
    }
    if (first < 0) break;
    const index = next[first]!++;
    effort.spent++;
    if (isWanted(views[first]!, index)) ticks.push(views[first]!.tickAt(index));
  }
  return ticks;
}

function mergeLast(
  segment: Segment,
  views: readonly View[],
  range: Range,
  limit: number,
  effort: Effort,
): TapedTick[] {
  const ticks: TapedTick[] = [];
  if (views.length === 0) return ticks;
  const [begin, end] = placesOf(segment, range);
  const isWanted = filterOf(range);
  const next = views.map((view) => indexOf(view, end) - 1);
  while (ticks.length < limit) {
    let last = -1, place = begin - 1;
    for (let each = 0; each < views.length; each++) {
      const index = next[each]!;
      if (index >= 0 && views[each]!.placeAt(index) > place) {
        last = each;
        place = views[each]!.placeAt(index);
      }
    }
    if (last < 0) break;
    const index = next[last]!--;
    effort.spent++;
    if (isWanted(views[last]!, index)) ticks.push(views[last]!.tickAt(index));
  }
  return ticks.reverse();
}
