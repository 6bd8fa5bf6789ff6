import type { Row } from "../core/board.ts";
import { cancels, type TapedCorrection } from "../core/correction.ts";
import type { FragmentCache } from "./fragment_cache.ts";
import type { SymbolNumbers } from "./symbol_numbers.ts";
import type { MarketView } from "./market_view.ts";
import type { EncodedFrame } from "./traffic.ts";
import type { Fragment, Item, Subscription } from "./wire.ts";

/** The subscription that a frame is for. */
export interface Addressee {
  readonly sub: string;
  readonly subscription: Subscription;
  readonly symbolNumbers: SymbolNumbers;
}

/** The content of a frame. */
export interface Content {
  readonly prev: number;
  readonly seq: number;
  readonly merged: number;
  readonly items: readonly (Item | undefined)[];
  /** Corrections since the frame before; they come first. */
  readonly corrections: readonly TapedCorrection[];
  /** Symbols that have appeared since the frame before. */
  readonly symbols: readonly string[];
}

/** The sources of a frame. */
export interface Materials {
  readonly view: MarketView;
  readonly fragments: FragmentCache;
  /** Rows that the reader has; updated to those that it has after this frame. */
  readonly known?: Map<string, Row> | undefined;
}

/** Makes the texts of one frame. */
export function makeTexts(
  { sub, subscription, symbolNumbers }: Addressee,
  { items, corrections, symbols, ...head }: Content,
  { view, fragments, known }: Materials,
): EncodedFrame {
  const { format } = subscription;
  const made: Fragment[] = [];
  for (const item of items) {
    if (item === undefined || isTakenBack(item, corrections)) continue;
    const before = known?.get(item.symbol);
    made.push(
      before === undefined
        ? fragments.of(subscription, item)
        : fragments.ofChange(format, before, item as Row),
    );
    known?.set(item.symbol, item as Row);
  }
  const texts: string[] = [];
  const add = (text: string | undefined) => text === undefined || texts.push(text);
  if (symbols.length > 0) add(format.announce(sub, symbols));
  for (const correction of corrections) {
    add(format.correct?.(sub, correction, view.board.row(correction.symbol)));
  }
  // A frame without rows is only needed to advance the seq.
  const isIdle = made.length === 0 && corrections.length > 0 && head.prev === head.seq;
  const indexOf = (symbol: string) => symbolNumbers.of(symbol);
  const data = isIdle ? [] : format.frame({ sub, ...head, fragments: made, indexOf });
  return { texts: texts.length === 0 ? data : [...texts, ...data], updates: made.length };
}

/** Whether a tick was cancelled before it was sent. */
function isTakenBack(item: Item, corrections: readonly TapedCorrection[]): boolean {
  return corrections.length > 0 && "seq" in item &&
    corrections.some((correction) => cancels(correction, item));
}
