/** Trades of one symbol that are numbered by their source. */

/** What is known of any of them; numbers grow per symbol. */
export interface Numbered {
  readonly id: number;
  /** Milliseconds. */
  readonly time: number;
}

/** What Kraken says of a trade. https://docs.kraken.com/api/docs/websocket-v2/trade */
export interface Trade extends Numbered {
  readonly price: number;
  readonly size: number;
}

/** The newest trade that was taken, and the newest time. */
export type TradePlace = Numbered;

/** As a mark keeps it. */
export function writePlace({ id, time }: TradePlace): string {
  return `${id} ${time}`;
}

export function readPlace(mark: string | undefined): TradePlace | undefined {
  const [id, time] = mark?.split(" ").map(Number) ?? [];
  return id === undefined || time === undefined ? undefined : { id, time };
}

/** A trade for whoever reads the log. */
export function placeText({ id, time }: TradePlace): string {
  return `trade ${id} of ${new Date(time).toISOString()}`;
}

type Stage<Item> =
  | { readonly kind: "live" }
  /** Nothing has been received since the connection was made. */
  | { readonly kind: "joining" }
  /** There may be trades between those that were taken and those that are held. */
  | { readonly kind: "mending"; readonly held: Item[] };

const HELD_MAX = 100_000;

/**
 * Takes each trade of one symbol once, in order, over all connections. What is sent first on a new one
 * either goes back to what was taken before, or the trades between them have to be fetched.
 */
export class TradeLine<Item extends Numbered = Trade> {
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

  /** A new connection has been made. */
  join(): void {
    this.#stage = { kind: "joining" };
  }

  /** @returns the trades that are new, or `undefined` when those before them have to be fetched first */
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

  /** @returns what is new of the trades that were fetched, and then of those that were held */
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

  /** An exchange that has begun to number anew is known by its times. */
  #isNew({ id, time }: Numbered): boolean {
    return this.#place === undefined || id > this.#place.id || time > this.#place.time;
  }
}

/** Times as both of Kraken's interfaces can say them. */
export function roundTime(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
