import type { Correction } from "../core/correction.ts";
import type { TapedTick } from "../core/tick.ts";
import type { Mark } from "../log/log.ts";
import type { UpstreamCorrection } from "./client_module.ts";
import type { FeedContext } from "./feed.ts";

/** Most ticks in one correction, because an entry with many would delay live ticks. */
const SEQS_AN_ENTRY = 20;
/** Times have microseconds, so this is the step to the next possible time. */
export const TIME_STEP = 0.001;

/**
 * Takes back here what an upstream has taken back. All ticks that the upstream sent before are on the
 * tape, and none that it will send later. So a span of time means the same ticks here, although the
 * seqs differ. Single ticks are found by their values.
 * @param marks stored with the last correction, so that it is applied once
 */
export async function takeBack(
  context: FeedContext,
  correction: UpstreamCorrection,
  marks: readonly Mark[],
): Promise<void> {
  const own = await correctionsOf(context, correction);
  for (const each of own.slice(0, -1)) await context.cancel(each);
  const last = own.at(-1);
  if (last === undefined) await context.emit([], marks);
  else await context.cancel(last, marks);
}

/** The corrections of this tape; none if it has no such ticks. */
async function correctionsOf(
  context: FeedContext,
  { symbol, from, to, seqs, rows = [], removed }: UpstreamCorrection,
): Promise<Correction[]> {
  if (removed === true) return [{ symbol }];
  if (seqs === undefined) {
    const span = { from: from ?? -Infinity, to: to ?? Infinity };
    for await (const _ of context.ticks(symbol, span.from, span.to)) {
      return [{ symbol, ...from === null ? {} : { from }, ...to === null ? {} : { to } }];
    }
    return [];
  }
  const own = await seqsHere(context, symbol, rows as unknown as readonly TapedTick[]);
  const parts = Array.from({ length: Math.ceil(own.length / SEQS_AN_ENTRY) }, (_, index) => index);
  return parts.map((part) => ({
    symbol,
    seqs: own.slice(part * SEQS_AN_ENTRY, (part + 1) * SEQS_AN_ENTRY),
  }));
}

/** The seqs that ticks of the upstream have on this tape. Of equal ticks it does not matter which go. */
async function seqsHere(
  context: FeedContext,
  symbol: string,
  gone: readonly TapedTick[],
): Promise<number[]> {
  const seqs: number[] = [];
  for (const time of new Set(gone.map((tick) => tick.time))) {
    const wanted = gone.filter((tick) => tick.time === time);
    const found: TapedTick[] = [];
    for await (const tick of context.ticks(symbol, time, time + TIME_STEP)) {
      if (wanted.some((each) => isSame(each, tick))) found.push(tick);
    }
    for (const each of wanted) {
      const at = found.findLastIndex((tick) => isSame(each, tick));
      if (at >= 0) seqs.push(...found.splice(at, 1).map(({ seq }) => seq));
    }
  }
  return seqs;
}

function isSame(one: TapedTick, other: TapedTick): boolean {
  return one.time === other.time && one.price === other.price && one.size === other.size &&
    one.bid === other.bid && one.ask === other.ask;
}
