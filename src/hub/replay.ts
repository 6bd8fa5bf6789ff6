import { startOf } from "../core/interval.ts";
import { Market } from "../core/market.ts";
import type { TapedTick } from "../core/tick.ts";
import { readBars } from "../tape/bars.ts";
import type { Archive, TapeReader } from "../tape/tape.ts";
import type { Cohort } from "./cohort.ts";
import type { Subscription } from "./wire.ts";

/** The sources that a cursor reads. */
export interface Sources {
  readonly tape: TapeReader & Archive;
  readonly market: Market;
}

/** Bars that a replay holds; more than one read of the tape can close. */
const BARS_KEPT = 2_000;

/**
 * Whether a subscription needs the past state of the market, as quotes and forming bars do. A
 * client that only catches up does not need it.
 */
export function needsState({ channel, mode }: Subscription, speed: number): boolean {
  return channel.kind !== "tick" && (speed > 0 || (channel.kind === "quote" && mode === "all"));
}

/** Event time of the newest tick up to a seq. */
export function timeAt(tape: TapeReader, seq: number): number {
  return tape.last({ through: seq, limit: 1 }).ticks[0]?.time ?? -Infinity;
}

/** The past market for the symbols of one subscription. */
export class Replay {
  readonly market = new Market({ barsKept: BARS_KEPT, stored: false });
  /** Event time from which ticks affect the state: the start of the day or of the week. */
  readonly since: number;

  /** @param time event time at which the replay begins */
  constructor(sources: Sources, { subscription: { channel }, symbols }: Cohort, time: number) {
    const weekly = channel.kind === "bar" && channel.interval === "1w";
    this.since = startOf(weekly ? "1w" : "1d", time);
    for (const symbol of symbols) this.#recall(sources, symbol, startOf("1d", time));
  }

  /** Applies a tick from before the start if it affects the state. */
  bringUp(tick: TapedTick): void {
    if (tick.time >= this.since) this.market.apply(tick);
  }

  /** Sets the reference data of a symbol and its close of the day before. */
  #recall({ market, tape }: Sources, symbol: string, day: number): void {
    const instrument = market.catalogue.get(symbol);
    if (instrument === undefined) return;
    const before = readBars(market, tape, symbol, "1d", { to: day, limit: 1 })[0]?.close;
    const prevClose = before ?? instrument.prevClose;
    const { name, decimals, shares } = instrument;
    this.market.define(symbol, {
      decimals,
      ...(name === null ? {} : { name }),
      ...(shares === null ? {} : { shares }),
      ...(prevClose === null ? {} : { prevClose }),
    });
  }
}
