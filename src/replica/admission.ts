import type { Entry, Lease, Mark, Receipt } from "../log/log.ts";
import { RECEIPT_MS } from "../tape/receipts.ts";

/** What the tape knows of the entries before. */
export interface Known {
  receipt(key: string): Receipt | undefined;
  mark(name: string): string | undefined;
}

/** Terms of a feed's lease that are remembered, each with the seq from which it counts. */
const TERMS_MAX = 1_000;

/**
 * Decides what an entry adds, from what the log has before it and from nothing else: so it is the same at every
 * replica, and again after a restart. Nothing is added by a key that was used in the day before, and by whoever
 * has lost the lease of his feed.
 */
export class Admission {
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  /** @returns the entry, or what is left of it */
  admit(entry: Entry): Entry {
    if (this.#isRepeated(entry)) return without(entry);
    return entry.lease === undefined ? entry : this.#underLease(entry, entry.lease);
  }

  #isRepeated({ receipts, time }: Entry): boolean {
    return receipts.some(({ key, seq }) => {
      const known = this.#known.receipt(key);
      // After a restart an entry may be told of again, whose own receipt was stored.
      if (known === undefined || known.seq === seq) return false;
      return Math.abs(time - known.time) < RECEIPT_MS;
    });
  }

  #underLease(entry: Entry, { feed, term }: Lease): Entry {
    const name = `lease ${feed}`;
    const terms = JSON.parse(this.#known.mark(name) ?? "[]") as [term: number, since: number][];
    const { first } = entry;
    if (terms.some(([other, since]) => other > term && since <= first)) return without(entry);
    if (terms.some(([other]) => other === term)) return entry;
    const value = JSON.stringify([...terms, [term, first]].slice(-TERMS_MAX));
    return { ...entry, marks: [...entry.marks, { name, value } satisfies Mark] };
  }
}

function without(entry: Entry): Entry {
  const { first, time, lease, more } = entry;
  return { first, time, lease, more, ticks: [], definitions: [], marks: [], receipts: [] };
}
