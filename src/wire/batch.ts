/** Reads a batch of ticks from bytes in one of four formats. */
import type { Tick } from "../core/tick.ts";
import { ClientError } from "../hub/client_error.ts";
import { type BadLines, lineSlices, type Precision } from "./line_protocol.ts";
import { PlainTicks } from "./plain_ticks.ts";
import { type RecordFormat, tickSlices } from "./records.ts";

export type BatchFormat = RecordFormat | "influx";

export interface Batch {
  readonly ticks: readonly Tick[];
  /** Number of values that cannot be ticks, such as strings among InfluxDB fields. */
  readonly skipped: number;
  /** Lines that were left out; only with `partial`. */
  readonly bad?: BadLines | undefined;
}

export interface BatchRules {
  readonly format: BatchFormat;
  /** The time of ticks without one, and the base for the limit on future times. */
  readonly now: number;
  /** The unit of times in the line protocol. */
  readonly precision?: Precision | undefined;
  /** Whether line protocol keeps the good lines of a batch with bad ones. */
  readonly partial?: boolean | undefined;
}

/** Reads batches; reads of several batches may run at the same time. */
export class BatchReader {
  readonly #plain = new PlainTicks();

  /**
   * Reads a whole batch and yields regularly, so that other work can run.
   * @throws {ClientError} for the first record that it cannot read
   */
  *read(bytes: Uint8Array, rules: BatchRules): Generator<void, Batch> {
    const { format, now } = rules;
    if (format === "influx") return yield* lineSlices(decoded(bytes), rules);
    const plain = format === "csv" ? undefined : yield* this.#plain.read(bytes, format, now);
    return { ticks: plain ?? (yield* tickSlices(decoded(bytes), format, now)), skipped: 0 };
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new ClientError("bad_encoding", "Cannot read ticks: the body is not UTF-8");
  }
}
