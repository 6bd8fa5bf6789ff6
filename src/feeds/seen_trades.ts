/** A trade with an id that may be any text, or made from its values. */
export interface NamedTrade {
  readonly id: string;
  /** Milliseconds. */
  readonly time: number;
}

/** Number of trades to know by id. Older ones are known by time. */
const REMEMBERED_MAX = 5_000;
/** Most ids in a mark. */
const MARKED_MAX = 200;

/**
 * Takes each trade of one symbol once, for ids of any form. A trade before the remembered time is old; after it
 * the ids decide.
 */
export class SeenTrades {
  /** Times by id, in order of arrival. */
  readonly #times = new Map<string, number>();
  /** All trades from this time on are remembered. */
  #from: number;
  #newest: NamedTrade | undefined;

  /** @param mark from an earlier process */
  constructor(mark: string | undefined) {
    const { time, ids } = mark === undefined ? { time: -Infinity, ids: [] } : readMark(mark);
    this.#from = time;
    for (const id of ids) this.#times.set(id, time);
    if (ids.length > 0) this.#newest = { id: ids.at(-1)!, time };
  }

  /** The newest trade. */
  get newest(): NamedTrade | undefined {
    return this.#newest;
  }

  /** The mark to store: the newest time and the ids of its trades. */
  get mark(): string {
    const { time } = this.#newest!;
    const ids = [...this.#times].filter(([, each]) => each === time).map(([id]) => id);
    return JSON.stringify([time, ...ids.slice(-MARKED_MAX)]);
  }

  has({ id, time }: NamedTrade): boolean {
    return time < this.#from || this.#times.has(id);
  }

  /** @returns the new trades, sorted by time, and those of the same moment by number */
  take<Trade extends NamedTrade>(trades: readonly Trade[]): Trade[] {
    const fresh: Trade[] = [];
    for (const trade of [...trades].sort(byTimeAndNumber)) {
      if (this.has(trade)) continue;
      this.#times.set(trade.id, trade.time);
      if (this.#newest === undefined || trade.time >= this.#newest.time) this.#newest = trade;
      fresh.push(trade);
    }
    for (const [id, time] of this.#times) {
      if (this.#times.size <= REMEMBERED_MAX) break;
      this.#times.delete(id);
      // Some trades of this time are forgotten, so treat all of them as old.
      this.#from = Math.max(this.#from, time + 1);
    }
    return fresh;
  }
}

/** Trades of the same moment by their ids where these are numbers: ccxt sorts them as texts, 100 before 99. */
function byTimeAndNumber(a: NamedTrade, b: NamedTrade): number {
  return a.time - b.time || Number(a.id) - Number(b.id) || 0;
}

function readMark(mark: string): { time: number; ids: string[] } {
  const [time, ...ids] = JSON.parse(mark) as [number, ...string[]];
  return { time, ids };
}
