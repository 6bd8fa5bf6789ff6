import type { Tick } from "../core/tick.ts";
import { HeaderFault, RecordFault } from "../wire/records.ts";
import type { FeedContext } from "./feed.ts";
import type { RecordMap } from "./record_map.ts";
import type { Records } from "./record_stream.ts";

/** As many broken records are reported one by one; the others are counted. */
const REPORTED_MAX = 20;

export interface TickReaderOptions {
  readonly context: Pick<FeedContext, "now" | "warn" | "leftOut">;
  /** What is read, in words for the operator. */
  readonly name: string;
  readonly map: RecordMap;
  /** Whether a record without a time is broken. */
  readonly timed: boolean;
}

/** Makes ticks of records: broken ones are reported by their number, counted and left out. */
export class TickReader {
  readonly #options: TickReaderOptions;
  #broken = 0;
  #count = 0;
  #checked = false;

  constructor(options: TickReaderOptions) {
    this.#options = options;
  }

  /** @throws {RangeError} when the columns of a CSV text are other ones */
  read({ format, records }: Records): Tick[] {
    const { context, map, timed, name } = this.#options;
    const now = context.now();
    const ticks: Tick[] = [];
    const broken = this.#broken;
    for (const { number, value } of records) {
      try {
        if (value instanceof HeaderFault) {
          throw new RangeError(`Cannot read ${name}: ${value.message}`);
        }
        if (value instanceof RecordFault) throw value;
        if (format === "csv" && !this.#checked) {
          map.checkColumns(value, name);
          this.#checked = true;
        }
        if (timed && map.value(value, "time") === undefined) {
          throw new RecordFault("time is missing: name its column with map, or give every=100ms");
        }
        ticks.push(map.tick(value, now));
      } catch (error) {
        if (!(error instanceof RecordFault)) throw error;
        this.#complain(`${format === "json" ? "record" : "line"} ${number}: ${error.message}`);
      }
    }
    if (this.#broken > broken) context.leftOut(this.#broken - broken);
    this.#count += ticks.length;
    return ticks;
  }

  /** Tells at the end how many were broken. */
  report(): void {
    if (this.#broken === 0) return;
    const { context, name } = this.#options;
    context.warn(`Left out ${this.#broken} broken records of ${name}, took ${this.#count}`);
  }

  #complain(reason: string): void {
    if (++this.#broken > REPORTED_MAX) return;
    const { context, name } = this.#options;
    const last = this.#broken === REPORTED_MAX ? "; further ones are only counted" : "";
    context.warn(`Cannot read ${name}: ${reason}${last}`);
  }
}
