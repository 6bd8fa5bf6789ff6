/** A trade of a source whose numbers may be any text, or absent. */
export interface NamedTrade {
  readonly id: string;
  /** Milliseconds. */
  readonly time: number;
}

/** So many trades are remembered by their ids; older ones are told by their times. */
const REMEMBERED_MAX = 5_000;
/** So many of one moment are kept in a mark. */
const MARKED_MAX = 200;

/**
 * Takes each trade of one symbol once, whatever its ids look like: later ones are new, those of the time that
 * is remembered are told by their ids, and older ones are old.
 */
export class SeenTrades {
  /** Ids by time, the oldest first put in. */
  readonly #times = new Map<string, number>();
  /** All trades from here on are remembered. */
  #from: number;
  #newest: NamedTrade | undefined;

  /** @param mark where an earlier process has been */
  constructor(mark: string | undefined) {
    const { time, ids } = mark === undefined ? { time: -Infinity, ids: [] } : readMark(mark);
    this.#from = time;
    for (const id of ids) this.#times.set(id, time);
    if (ids.length > 0) this.#newest = { id: ids.at(-1)!, time };
  }

  /** The newest that was taken. */
  get newest(): NamedTrade | undefined {
    return this.#newest;
  }

  /** What is kept of where it is: the newest time, and the ids of it. */
  get mark(): string {
    const { time } = this.#newest!;
    const ids = [...this.#times].filter(([, each]) => each === time).map(([id]) => id);
    return JSON.stringify([time, ...ids.slice(-MARKED_MAX)]);
  }

  has({ id, time }: NamedTrade): boolean {
    return time < this.#from || this.#times.has(id);
  }

  /** @returns those that are new, by their time */
  take<Trade extends NamedTrade>(trades: readonly Trade[]): Trade[] {
    const fresh: Trade[] = [];
    for (const trade of [...trades].sort((a, b) => a.time - b.time)) {
      if (this.has(trade)) continue;
      this.#times.set(trade.id, trade.time);
      if (this.#newest === undefined || trade.time >= this.#newest.time) this.#newest = trade;
      fresh.push(trade);
    }
    for (const [id, time] of this.#times) {
      if (this.#times.size <= REMEMBERED_MAX) break;
      this.#times.delete(id);
      // Of that moment not all are remembered any more.
      this.#from = Math.max(this.#from, time + 1);
    }
    return fresh;
  }
}

function readMark(mark: string): { time: number; ids: string[] } {
  const [time, ...ids] = JSON.parse(mark) as [number, ...string[]];
  return { time, ids };
}
