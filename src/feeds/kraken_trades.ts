/** Kraken's trades of one pair. https://docs.kraken.com/api/docs/websocket-v2/trade */

/** What Kraken says of a trade; numbers grow per symbol. */
export interface Trade {
  readonly id: number;
  /** Milliseconds, to a thousandth. */
  readonly time: number;
  readonly price: number;
  readonly size: number;
}

/** The newest trade that was taken, and the newest time. */
export interface TradePlace {
  readonly id: number;
  readonly time: number;
}

type Stage =
  | { readonly kind: "live" }
  /** Nothing has been received since the connection was made. */
  | { readonly kind: "joining" }
  /** There may be trades between those that were taken and those that are held. */
  | { readonly kind: "mending"; readonly held: Trade[] };

const HELD_MAX = 100_000;

/**
 * Takes each trade of one symbol once, in order, over all connections. What is sent first on a new one
 * either goes back to what was taken before, or the trades between them have to be fetched.
 */
export class TradeLine {
  readonly symbol: string;
  #place: TradePlace | undefined;
  #stage: Stage = { kind: "joining" };

  constructor(symbol: string, place: TradePlace | undefined) {
    this.symbol = symbol;
    this.#place = place;
  }

  get place(): TradePlace | undefined {
    return this.#place;
  }

  /** A new connection has been made. */
  join(): void {
    this.#stage = { kind: "joining" };
  }

  /** @returns the trades that are new, or `undefined` when those before them have to be fetched first */
  receive(trades: readonly Trade[], isSnapshot: boolean): readonly Trade[] | undefined {
    if (this.#stage.kind === "mending") {
      if (this.#stage.held.length + trades.length > HELD_MAX) {
        throw new Error(`More than ${HELD_MAX} trades of ${this.symbol} wait for earlier ones`);
      }
      this.#stage.held.push(...trades);
      return [];
    }
    if (this.#stage.kind === "joining" && trades.length > 0) {
      const goesBack = this.#place === undefined ||
        isSnapshot && trades.some((trade) => !this.#isNew(trade));
      if (!goesBack) {
        this.#stage = { kind: "mending", held: [...trades] };
        return undefined;
      }
      this.#stage = { kind: "live" };
    }
    return this.#take(trades);
  }

  /** @returns what is new of the trades that were fetched, and then of those that were held */
  mended(fetched: readonly Trade[]): { readonly missed: Trade[]; readonly held: Trade[] } {
    const held = this.#stage.kind === "mending" ? this.#stage.held : [];
    this.#stage = { kind: "live" };
    return { missed: this.#take(fetched), held: this.#take(held) };
  }

  #take(trades: readonly Trade[]): Trade[] {
    const fresh: Trade[] = [];
    for (const trade of trades) {
      if (!this.#isNew(trade)) continue;
      fresh.push(trade);
      const { id, time } = trade;
      this.#place = { id, time: Math.max(time, this.#place?.time ?? time) };
    }
    return fresh;
  }

  /** An exchange that has begun to number anew is known by its times. */
  #isNew({ id, time }: Trade): boolean {
    return this.#place === undefined || id > this.#place.id || time > this.#place.time;
  }
}

/** Times as both of Kraken's interfaces can say them. */
export function roundTime(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
