import type { GivenBar } from "../../src/core/given_bar.ts";
import type { Tick } from "../../src/core/tick.ts";
import { type Form, readForm, writeForm } from "../../src/records/form.ts";
import { RecordReader } from "../../src/records/record_reader.ts";

export const NOW = Date.UTC(2026, 0, 5, 12);

export interface Read {
  /** Symbol, ISO time, price, and size, bid and ask if known. */
  readonly ticks: unknown[][];
  /** Symbol, interval, ISO time, open, high, low, close, volume. */
  readonly bars: unknown[][];
  readonly broken: string[];
  /** The complete form, as options. */
  readonly form: string;
  readonly isNewestFirst: boolean;
}

export function formOfQuery(query: string): Form {
  const options = new URLSearchParams(query);
  return readForm((option) => options.get(option));
}

/** Reads a text or file with the options of a query. */
export async function read(content: string | Uint8Array, query = "symbol=X"): Promise<Read> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const broken: string[] = [];
  const reader = new RecordReader({
    form: formOfQuery(query),
    timeless: "",
    takesBars: true,
    now: () => NOW,
    broken: (reason) => void broken.push(reason),
  });
  const ticks: Tick[] = [];
  const bars: GivenBar[] = [];
  for await (const taken of reader.readAll(pieces(bytes))) {
    ticks.push(...taken.ticks);
    bars.push(...taken.bars);
  }
  const { form, isNewestFirst } = reader.layout?.parts ?? { form: { map: new Map() } };
  return {
    ticks: ticks.map(({ symbol, time, price, size, bid, ask }) => [
      ...[symbol, iso(time), price],
      ...(size ?? bid ?? ask) === null ? [] : [size, bid, ask],
    ]),
    bars: bars.map(({ symbol, interval, time, open, high, low, close, volume }) => [
      ...[symbol, interval, iso(time), open, high, low, close, volume],
    ]),
    broken,
    form: writeForm(form),
    isNewestFirst: isNewestFirst ?? false,
  };
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(/T00:00:00.000Z$|\.000Z$|Z$/, "");
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}
