import type { Bar } from "../core/bar.ts";
import { emptyRow, type Row } from "../core/board.ts";
import type { Interval } from "../core/interval.ts";

/** The state from which rows are made: that of now, or in a replay that of then. */
export interface Scene {
  readonly seq: number;
  readonly board: { has(symbol: string): boolean; row(symbol: string): Row };
  bar(symbol: string, interval: Interval, time: number): Bar | undefined;
  newestBar(symbol: string, interval: Interval): Bar | undefined;
}

/** A scene without rows: a client that resumes knows what was before. */
export const NOTHING: Scene = {
  seq: 0,
  board: { has: () => false, row: emptyRow },
  bar: () => undefined,
  newestBar: () => undefined,
};
