import type { Cancelled } from "./cancelled.ts";
import { firstIndex } from "./halving.ts";
import type { Found } from "./found.ts";
import { type Effort, indexOf, type Segment, type View } from "./segment.ts";

/** A call that has looked at about this many ticks ends after the current segment. */
export const EFFORT_MAX = 16_000;
/** The fixed cost of a segment, in addition to its ticks. */
const SEGMENT_EFFORT = 5;
/** For more symbols than this, a call reads all ticks of a segment and filters them. */
const MERGED_MAX = 16;

const FORWARD = 1, BACKWARD = -1;
type Direction = typeof FORWARD | typeof BACKWARD;

/** Selects ticks of segments. Symbols are numbers. */
export interface Range {
  readonly symbols: readonly number[] | undefined;
  /** Seqs: the first is not included, the second is. */
  readonly after: number;
  readonly through: number;
  /** Event times: the first is included, the second is not. */
  readonly from: number;
  readonly to: number;
  /** Cancelled ticks, which are skipped; corrections from `asOf` on are ignored. */
  readonly cancelled: Cancelled;
  readonly asOf: number;
}

/** Where a search has ended: all wanted ticks up to `seq` were found, or all after it. */
export interface Reached {
  readonly seq: number;
  /** The cost of the search: about the number of ticks that it looked at. */
  readonly effort: number;
}

/** Finds the first ticks of a range, oldest first: all ticks up to the seq that it returns. */
export function readFirst(segments: readonly Segment[], range: Range, found: Found): Reached {
  const { after, through } = range;
  const effort = { spent: 0 };
  let seq = after;
  for (let at = segmentAfter(segments, after); at < segments.length && seq < through; at++) {
    if (found.left === 0) return { seq, effort: effort.spent };
    const segment = segments[at]!;
    search(segment, range, found, FORWARD, effort);
    if (found.left === 0) return { seq: found.seq || seq, effort: effort.spent };
    seq = Math.min(segment.last, through);
    if (effort.spent >= EFFORT_MAX) return { seq, effort: effort.spent };
  }
  return { seq: Math.max(seq, through), effort: effort.spent };
}

/** Finds the last ticks of a range, newest first: all ticks after the seq that it returns. */
export function readLast(segments: readonly Segment[], range: Range, found: Found): Reached {
  const { after, through } = range;
  const effort = { spent: 0 };
  let seq = through;
  let at = Math.min(segmentAfter(segments, through - 1), segments.length - 1);
  for (; at >= 0 && seq > after && found.left > 0; at--) {
    const segment = segments[at]!;
    search(segment, range, found, BACKWARD, effort);
    seq = found.left === 0 ? found.seq - 1 : Math.max(after, segment.after);
    if (effort.spent >= EFFORT_MAX) break;
  }
  if (at < 0 && found.left > 0) seq = after;
  return { seq, effort: effort.spent };
}

/** The index of the segment that has the next seq after this one, or would have it. */
function segmentAfter(segments: readonly Segment[], seq: number): number {
  return firstIndex(segments.length, (index) => segments[index]!.last > seq);
}

/** Finds the ticks of a segment that are in a range. */
function search(
  segment: Segment,
  range: Range,
  found: Found,
  direction: Direction,
  effort: Effort,
): void {
  effort.spent += SEGMENT_EFFORT;
  const { after, through, from, to, cancelled, asOf } = range;
  if (segment.newest < from || segment.oldest >= to || segment.count === 0) return;
  const symbols = cancelled.isEmpty
    ? range.symbols
    : range.symbols?.filter((symbol) => !cancelled.hasAll(segment, symbol, asOf));
  if (symbols?.length === 0) return;
  const isTimed = segment.oldest < from || segment.newest >= to;
  const isCancelled = cancelled.of(segment, symbols, asOf);
  const isWhole = !isTimed && isCancelled === undefined;
  if (found.pass !== undefined && isWhole && after <= segment.after && through >= segment.last) {
    const count = segment.countOf(symbols);
    if (count < found.left) return found.pass(count);
  }
  const [begin, end] = placesOf(segment, range);
  const wanted = symbols !== undefined && symbols.length > MERGED_MAX
    ? new Set(symbols)
    : undefined;
  const views = symbols === undefined || wanted !== undefined
    ? [segment.view(undefined, effort)]
    : symbols.map((symbol) => segment.view(symbol, effort)).filter(({ length }) => length > 0);
  if (wanted === undefined && isWhole && views.length === 1 && direction === FORWARD) {
    const [view] = views as [View];
    effort.spent += found.takeRange(view, indexOf(view, begin), indexOf(view, end));
    return;
  }
  if (wanted === undefined && views.length === 1 && direction === FORWARD) {
    const [view] = views as [View];
    const behind = indexOf(view, end);
    for (let index = indexOf(view, begin); index < behind && found.left > 0; index++) {
      effort.spent++;
      const time = view.timeAt(index);
      if (isTimed && !(time >= from && time < to)) continue;
      if (!isCancelled?.(view.symbolAt(index), view.seqAt(index), time)) found.take(view, index);
    }
    return;
  }
  merge(views, [begin, end], direction, (view, index) => {
    effort.spent++;
    if (wanted !== undefined && !wanted.has(view.symbolAt(index))) return true;
    if (isTimed && !(view.timeAt(index) >= from && view.timeAt(index) < to)) return true;
    if (!isCancelled?.(view.symbolAt(index), view.seqAt(index), view.timeAt(index))) {
      found.take(view, index);
    }
    return found.left > 0;
  });
}

/** The places of a segment that are in a range: the first, and the one after the last. */
function placesOf(segment: Segment, { after, through }: Range): [begin: number, end: number] {
  const { count } = segment;
  const runs = segment.runs();
  return [
    after <= segment.after ? 0 : runs.placeAfter(after, count),
    through >= segment.last ? count : runs.placeAfter(through, count),
  ];
}

/** Visits the ticks of views in the order of places, or backward, until `visit` returns false. */
function merge(
  views: readonly View[],
  [begin, end]: readonly [begin: number, end: number],
  direction: Direction,
  visit: (view: View, index: number) => boolean,
): void {
  const isForward = direction === FORWARD;
  const next = views.map((view) => isForward ? indexOf(view, begin) : indexOf(view, end) - 1);
  for (;;) {
    let nearest = -1, place = isForward ? end : begin - 1;
    for (let each = 0; each < views.length; each++) {
      const view = views[each]!;
      const index = next[each]!;
      if (index < 0 || index >= view.length) continue;
      const other = view.placeAt(index);
      if (isForward ? other >= place : other <= place) continue;
      nearest = each;
      place = other;
    }
    if (nearest < 0) return;
    const index = next[nearest]!;
    next[nearest] = index + direction;
    if (!visit(views[nearest]!, index)) return;
  }
}
