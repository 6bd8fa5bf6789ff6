/** Trades of one symbol that the source numbers. */

/** The part that all trades have; numbers grow per symbol. */
export interface Numbered {
  readonly id: number;
  /** Milliseconds. */
  readonly time: number;
}

/** A trade of Kraken. https://docs.kraken.com/api/docs/websocket-v2/trade */
export interface Trade extends Numbered {
  readonly price: number;
  readonly size: number;
}

/** The number of the newest trade taken, and the newest time. */
export type TradePlace = Numbered;

/** A place as a mark's value. */
export function writePlace({ id, time }: TradePlace): string {
  return `${id} ${time}`;
}

export function readPlace(mark: string | undefined): TradePlace | undefined {
  const [id, time] = mark?.split(" ").map(Number) ?? [];
  return id === undefined || time === undefined ? undefined : { id, time };
}

/** A trade as text for the log. */
export function placeText({ id, time }: TradePlace): string {
  return `trade ${id} of ${new Date(time).toISOString()}`;
}

type Stage<Item> =
  | { readonly kind: "live" }
  /** No trade since the connection opened. */
  | { readonly kind: "joining" }
  /** Trades may be missing between those taken and those held. */
  | { readonly kind: "mending"; readonly held: Item[] };

const HELD_MAX = 100_000;

/**
 * Takes each trade of one symbol once, in order, over all connections. The first trades of a new connection
 * either overlap with those taken before, or the trades between must be fetched.
 */
export class NumberedTrades<Item extends Numbered = Trade> {
  readonly symbol: string;
  #place: TradePlace | undefined;
  #stage: Stage<Item> = { kind: "joining" };

  constructor(symbol: string, place: TradePlace | undefined) {
    this.symbol = symbol;
    this.#place = place;
  }

  get place(): TradePlace | undefined {
    return this.#place;
  }

  /** Starts a new connection. */
  join(): void {
    this.#stage = { kind: "joining" };
  }

  /** @returns the new trades, or `undefined` if the trades before them must be fetched first */
  receive(trades: readonly Item[], isSnapshot: boolean): readonly Item[] | undefined {
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

  /** @returns the new ones of the fetched trades, and then of the held trades */
  mended(fetched: readonly Item[]): { readonly missed: Item[]; readonly held: Item[] } {
    const held = this.#stage.kind === "mending" ? this.#stage.held : [];
    this.#stage = { kind: "live" };
    return { missed: this.#take(fetched), held: this.#take(held) };
  }

  #take(trades: readonly Item[]): Item[] {
    const fresh: Item[] = [];
    for (const trade of trades) {
      if (!this.#isNew(trade)) continue;
      fresh.push(trade);
      const { id, time } = trade;
      this.#place = { id, time: Math.max(time, this.#place?.time ?? time) };
    }
    return fresh;
  }

  /** If an exchange starts its numbers again, the times show which trades are new. */
  #isNew({ id, time }: Numbered): boolean {
    return this.#place === undefined || id > this.#place.id || time > this.#place.time;
  }
}

/** Rounds a time to microseconds, which both of Kraken's APIs can express. */
export function roundTime(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
