import type { Newest } from "../core/board.ts";
import type { MarketChanges, MarketState } from "../core/market_state.ts";
import type { TextTable } from "../store/text_table.ts";
import type { Parts } from "./parts.ts";

type Tables = Pick<Parts, "instruments" | "newest">;

/** Of the bars and receipts that are in memory only, so many are stored at once. */
const STORED_MAX = 500;
/** What stands in the place of a record that is gone: rows stay, so that a missing one shows. */
const NOTHING = "null";

/** The instruments, and the newest observations, as they are stored. */
export function loadDerived(tables: Tables): Pick<MarketState, "instruments" | "newest"> {
  return {
    instruments: parsed(tables.instruments),
    // The first version of the file saved all at once.
    newest: parsed<Omit<Newest, "seq">>(tables.newest).map((each) => ({ seq: 0, ...each })),
  };
}

/**
 * Stores what has changed, with some of what is in memory only; part of a transaction.
 * @returns up to which seq nothing is in memory only then, and what to call once that has succeeded
 */
export function storeDerived(
  { bars, receipts, corrections, marks, ...tables }: Parts,
  { seq, instruments, newest }: MarketChanges,
): { readonly through: number; done(): void } {
  for (const each of instruments) put(tables.instruments, each);
  for (const each of newest) put(tables.newest, each);
  const done = [corrections.store(), marks.store()];
  const stored = [bars.store(STORED_MAX), receipts.store(STORED_MAX)];
  return {
    through: Math.min(seq, ...stored.map(({ left = Infinity }) => left - 1)),
    done() {
      for (const each of done) each();
      for (const each of stored) each.done();
    },
  };
}

function put(table: TextTable, record: { readonly symbol: string }): void {
  const isGone = "gone" in record;
  table.put(record.symbol, isGone ? NOTHING : JSON.stringify(record, written));
}

function parsed<Value>(table: TextTable): Value[] {
  const texts = [...table.all().values()].filter((text) => text !== NOTHING);
  return texts.map((text) => JSON.parse(text, read));
}

function written(_name: string, value: unknown): unknown {
  return value === -Infinity ? "-Infinity" : value;
}

function read(_name: string, value: unknown): unknown {
  return value === "-Infinity" ? -Infinity : value;
}
