import { ClientError } from "../hub/client_error.ts";
import { type Form, FormFault } from "./form.ts";
import type { Taken } from "./layout.ts";
import { RecordReader } from "./record_reader.ts";

const SLICE_BYTES = 65_536;
const NO_BARS = "its records are no bars: these have open, high, low and close";

export interface WholeRules {
  readonly form: Form;
  /** The kind that the records must have. */
  readonly what: "ticks" | "bars";
  readonly now: number;
  /** Lets other work run between two parts. */
  rest(): Promise<void>;
}

/**
 * Reads all records of a body, the oldest first.
 * @throws {ClientError} for the first bad record, or for the whole body
 */
export async function readWholeBatch(bytes: Uint8Array, rules: WholeRules): Promise<Taken> {
  const { form, what, now, rest } = rules;
  const reader = new RecordReader({
    form,
    takesBars: what === "bars",
    now: () => now,
    broken(reason) {
      throw new FormFault(reason);
    },
  });
  const all: Taken = { ticks: [], bars: [] };
  try {
    for await (const { ticks, bars } of reader.readInOrder(slices(bytes))) {
      for (const tick of ticks) all.ticks.push(tick);
      for (const bar of bars) all.bars.push(bar);
      if (what === "bars" && ticks.length > 0) throw new FormFault(NO_BARS);
      await rest();
    }
  } catch (cause) {
    if (!(cause instanceof FormFault)) throw cause;
    const code = what === "bars" ? "bad_bar" : "bad_tick";
    throw new ClientError(code, `Cannot read ${what}: ${cause.message}`);
  }
  return all;
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}
