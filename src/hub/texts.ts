import type { Row } from "../core/board.ts";
import { cancels, type TapedCorrection } from "../core/correction.ts";
import type { Fragments } from "./fragments.ts";
import type { Numbering } from "./numbering.ts";
import type { Scene } from "./scene.ts";
import type { Made } from "./sent.ts";
import type { Fragment, Item, Subscription } from "./wire.ts";

/** For whom a frame is. */
export interface Addressee {
  readonly sub: string;
  readonly subscription: Subscription;
  readonly numbering: Numbering;
}

/** What is in a frame. */
export interface Content {
  readonly prev: number;
  readonly seq: number;
  readonly merged: number;
  readonly items: readonly (Item | undefined)[];
  /** What was taken back since the frame before, and is told of first. */
  readonly corrections: readonly TapedCorrection[];
  /** Symbols that have appeared since. */
  readonly symbols: readonly string[];
}

/** What a frame is made with. */
export interface Materials {
  readonly scene: Scene;
  readonly fragments: Fragments;
  /** Rows that the reader has; noted in it is what it has then. */
  readonly known?: Map<string, Row> | undefined;
}

/** The texts of one frame. */
export function makeTexts(
  { sub, subscription, numbering }: Addressee,
  { items, corrections, symbols, ...head }: Content,
  { scene, fragments, known }: Materials,
): Made {
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
    add(format.correct?.(sub, correction, scene.board.row(correction.symbol)));
  }
  // A frame without rows is only for those who have to follow the seqs.
  const isIdle = made.length === 0 && corrections.length > 0 && head.prev === head.seq;
  const indexOf = (symbol: string) => numbering.of(symbol);
  const data = isIdle ? [] : format.frame({ sub, ...head, fragments: made, indexOf });
  return { texts: texts.length === 0 ? data : [...texts, ...data], updates: made.length };
}

/** Whether a tick was taken back before anybody was told of it. */
function isTakenBack(item: Item, corrections: readonly TapedCorrection[]): boolean {
  return corrections.length > 0 && "seq" in item &&
    corrections.some((correction) => cancels(correction, item));
}
