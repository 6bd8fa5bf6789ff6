import type { NamedZone, Zone } from "./zones.ts";

export interface Order {
  /** Whether the newest record comes first. */
  readonly isNewestFirst: boolean;
  /** Whether the records are bars, of which a symbol has one at a time. */
  readonly isBar?: boolean;
}

/** The last time of a symbol that the clock shows twice. */
interface Passed {
  readonly local: number;
  /** Whether it was meant when the clock had been set back. */
  readonly isSecond: boolean;
}

/** Symbols whose passage is remembered; the times of others mean the first hour. */
const SYMBOLS_MAX = 100_000;

/**
 * A zone for records in the order of time. A clock that is set back shows an hour twice. The order
 * tells which one is meant: where the times of a symbol go back by half an hour or more within that
 * hour, or a bar has the time of the bar before it, the other one of the two begins.
 */
export class ZoneInOrder implements Zone {
  /** The symbol whose time is read next. */
  symbol = "";
  readonly #zone: NamedZone;
  readonly #order: Order;
  readonly #passed = new Map<string, Passed>();

  constructor(zone: NamedZone, order: Order) {
    this.#zone = zone;
    this.#order = order;
  }

  offsetAt(local: number): number {
    const repeat = this.#zone.repeatAt(local);
    const offset = this.#zone.offsetAt(local);
    if (repeat === 0) return offset;
    const isSecond = this.#isSecond(local, repeat);
    if (this.#passed.size < SYMBOLS_MAX || this.#passed.has(this.symbol)) {
      this.#passed.set(this.symbol, { local, isSecond });
    }
    return isSecond ? offset - repeat : offset;
  }

  #isSecond(local: number, repeat: number): boolean {
    const { isNewestFirst, isBar = false } = this.#order;
    const last = this.#passed.get(this.symbol);
    // A last time that is farther away is of another year.
    if (last === undefined || Math.abs(local - last.local) >= repeat) return isNewestFirst;
    const progress = isNewestFirst ? last.local - local : local - last.local;
    const isSetBack = progress <= -repeat / 2 || (isBar && progress <= 0);
    return isSetBack ? !isNewestFirst : last.isSecond;
  }

  offsetOf(moment: number): number {
    return this.#zone.offsetOf(moment);
  }
}
