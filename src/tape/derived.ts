import type { Newest } from "../core/board.ts";
import type { MarketChanges, MarketState } from "../core/market_state.ts";
import type { TextTable } from "../store/text_table.ts";
import type { Parts } from "./parts.ts";

type Tables = Pick<Parts, "instruments" | "newest">;

/** Most bars, and most receipts, that one call stores. A bar takes Deno up to 15 µs. */
const BARS_MAX = 250, RECEIPTS_MAX = 500;
/** The value of a deleted record. Its row stays, so that a missing row is detected. */
const NOTHING = "null";

/** Loads the instruments and the newest observations. */
export function loadDerived(tables: Tables): Pick<MarketState, "instruments" | "newest"> {
  return {
    instruments: parsed(tables.instruments),
    // Records of the first file version have no seq.
    newest: parsed<Omit<Newest, "seq">>(tables.newest).map((each) => ({ seq: 0, ...each })),
  };
}

/**
 * Stores the changes, and some of the bars and receipts in memory only; part of a transaction.
 * @returns the seq up to which all is stored after the commit, and a function to call then
 */
export function storeDerived(
  { bars, receipts, corrections, marks, ...tables }: Parts,
  { seq, instruments, newest }: MarketChanges,
): { readonly through: number; done(): void } {
  for (const each of instruments) put(tables.instruments, each);
  for (const each of newest) put(tables.newest, each);
  const done = [corrections.store(), marks.store()];
  const stored = [bars.store(BARS_MAX), receipts.store(RECEIPTS_MAX)];
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
