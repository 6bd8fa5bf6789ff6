/** A batch of ticks as it is sent: bytes in one of four formats. */
import type { Tick } from "../core/tick.ts";
import { ClientError } from "../hub/client_error.ts";
import { type BadLines, lineSlices, type Precision } from "./line_protocol.ts";
import { PlainTicks } from "./plain_ticks.ts";
import { type RecordFormat, tickSlices } from "./records.ts";

export type BatchFormat = RecordFormat | "influx";

export interface Batch {
  readonly ticks: readonly Tick[];
  /** Values that cannot be ticks, such as texts among the fields of InfluxDB. */
  readonly skipped: number;
  /** What was left out, where that is allowed. */
  readonly bad?: BadLines | undefined;
}

export interface BatchRules {
  readonly format: BatchFormat;
  /** For ticks without a time, and as the bound for times ahead. */
  readonly now: number;
  /** The unit of times in the line protocol. */
  readonly precision?: Precision | undefined;
  /** Of line protocol the lines that can be read are enough. */
  readonly partial?: boolean | undefined;
}

/** Reads batches, many of them at once if need be. */
export class BatchReader {
  readonly #plain = new PlainTicks();

  /**
   * Reads a whole batch and rests now and then.
   * @throws {ClientError} that names the first record that cannot be read
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
