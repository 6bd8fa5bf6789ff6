import type { InstrumentFields } from "../core/instrument.ts";
import type { Tick } from "../core/tick.ts";

/** What a feed is given. A feed has no clock, timer or randomness of its own. */
export interface FeedContext {
  /** Ends the feed. */
  readonly signal: AbortSignal;
  now(): number;
  /** Resolves after so many milliseconds, or at once when the feed is ended. */
  sleep(ms: number): Promise<void>;
  /** Puts ticks on the tape; resolves once they are. */
  emit(ticks: readonly Tick[]): Promise<void>;
  /** Whether the tape holds nothing yet. */
  readonly tapeEmpty: boolean;
  /** The newest price of a symbol on the tape. */
  newestPrice(symbol: string): number | null;
  define(symbol: string, fields: InstrumentFields): void;
  /** Says that what was to be loaded first is in place. */
  ready(): void;
  /** Tells the operator of something that was left out. */
  warn(message: string): void;
}

/** Where ticks come from. */
export interface Feed {
  /** The feed as it was asked for, such as `replay:ticks.csv?speed=10`. */
  readonly name: string;
  /** Runs until its source ends, it fails or `signal` ends it. */
  run(context: FeedContext): Promise<void>;
}

/** What stands behind `kind:` in `--feed kind:what?options`. */
export interface FeedSpec {
  readonly name: string;
  readonly kind: string;
  readonly what: string;
  readonly options: URLSearchParams;
}

/** Takes `kind:what?options` apart. */
export function parseFeedSpec(name: string): FeedSpec {
  const [, kind = "", rest = ""] = /^([a-z]+)(?::(.*))?$/s.exec(name) ?? [];
  const question = rest.indexOf("?");
  const what = question < 0 ? rest : rest.slice(0, question);
  const options = new URLSearchParams(question < 0 ? "" : rest.slice(question + 1));
  return { name, kind, what, options };
}

/** @throws {RangeError} for an option that the kind of feed does not have */
export function checkOptions({ name, kind, options }: FeedSpec, known: readonly string[]): void {
  for (const option of options.keys()) {
    if (known.includes(option)) continue;
    throw new RangeError(
      `Cannot use feed ${name}: ${kind} has no option ${option}; it has ${known.join(", ")}`,
    );
  }
}

/** A positive number from an option, such as `speed=10`. @throws {RangeError} */
export function numberOption(spec: FeedSpec, option: string, fallback: number): number {
  const text = spec.options.get(option);
  if (text === null) return fallback;
  const number = Number(text);
  if (text !== "" && Number.isFinite(number) && number >= 0) return number;
  throw new RangeError(
    `Cannot use feed ${spec.name}: ${option}=${text} is not a number of at least 0`,
  );
}

/** A flag such as `loop`: present means yes, unless it says `false`. */
export function flagOption({ options }: FeedSpec, option: string): boolean {
  const text = options.get(option);
  return text !== null && text !== "false" && text !== "0";
}
