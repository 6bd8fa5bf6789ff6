import type { Entry, Lease, Mark, Receipt } from "../log/log.ts";
import { RECEIPT_MS } from "../tape/receipts.ts";

/** The tape's memory of earlier entries. */
export interface Known {
  receipt(key: string): Receipt | undefined;
  mark(name: string): string | undefined;
}

/** Most terms of a feed's lease to remember, each with the seq where it started. */
const TERMS_MAX = 1_000;

/**
 * Decides what an entry adds to the tape. It uses only the log before the entry, so the decision is
 * the same at every replica and after a restart. An entry adds nothing if its key was used in the
 * day before, or if its feed has lost the lease.
 */
export class Admission {
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  /** @returns the entry, with a mark if its lease is new, or without content if it adds nothing */
  admit(entry: Entry): Entry {
    if (this.#isRepeated(entry)) return without(entry);
    return entry.lease === undefined ? entry : this.#underLease(entry, entry.lease);
  }

  #isRepeated({ receipts, time }: Entry): boolean {
    return receipts.some(({ key, seq }) => {
      const known = this.#known.receipt(key);
      // After a restart the log can repeat an entry whose own receipt was stored.
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
