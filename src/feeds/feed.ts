import type { Correction } from "../core/correction.ts";
import { parseDuration } from "../core/duration.ts";
import type { GivenBar } from "../core/given_bar.ts";
import type { InstrumentFields } from "../core/instrument.ts";
import type { TapedTick, Tick } from "../core/tick.ts";
import type { Mark } from "../log/log.ts";
import { type Form, FormFault, readForm } from "../records/form.ts";

/** The services for a feed, which has no clock, timer or randomness of its own. */
export interface FeedContext {
  /** Aborts when the feed must end. */
  readonly signal: AbortSignal;
  now(): number;
  /** Resolves after this time, or at once when the feed must end. */
  sleep(ms: number): Promise<void>;
  /**
   * Appends ticks to the tape and resolves when they are stored. The log stores marks and ticks together or not
   * at all. A mark says where to continue after a restart.
   */
  emit(ticks: readonly Tick[], marks?: readonly Mark[]): Promise<void>;
  /** Replaces bars by the given ones, as `emit` appends ticks. */
  give(bars: readonly GivenBar[], marks?: readonly Mark[]): Promise<void>;
  /** Takes ticks back, as `emit` appends ticks. Other symbols, and later ticks, stay. */
  cancel(correction: Correction, marks?: readonly Mark[]): Promise<void>;
  /** The ticks of a symbol on the tape with an event time of `from` (included) to `to` (not included). */
  ticks(symbol: string, from: number, to: number): AsyncIterable<TapedTick>;
  /** The value of the newest mark with this name. */
  mark(name: string): string | undefined;
  /** Whether the tape is empty. */
  readonly tapeEmpty: boolean;
  /** Whether other replicas may run the feed before and after this one. */
  readonly shared: boolean;
  /** The newest price of a symbol. */
  newestPrice(symbol: string): number | null;
  /** Adds an instrument or changes the given fields. Later ticks follow the change on the tape. */
  define(symbol: string, fields: InstrumentFields): Promise<void>;
  /** Reports that the initial data is loaded, or that the source is back. */
  ready(): void;
  /** Counts records that the feed cannot read. */
  leftOut(count: number): void;
  /** Logs a warning about data that the feed left out. */
  warn(message: string): void;
}

/** The source of a feed has failed. The feed is run again; ticks that were emitted stay. */
export class SourceFault extends Error {
  /** The source asked for no attempt within this time. */
  readonly retryAfterMs: number;

  constructor(message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** A source of ticks. */
export interface Feed {
  /** The feed as the user named it, such as `replay:ticks.csv?speed=10`. */
  readonly name: string;
  /**
   * Runs until its source ends, an error occurs or `signal` aborts.
   * @throws {SourceFault} to be run again after a pause
   */
  run(context: FeedContext): Promise<void>;
}

/** The parts of `--feed kind:what?options`. */
export interface FeedSpec {
  /** The feed as the user named it, without secrets. */
  readonly name: string;
  readonly kind: string;
  /** Everything after `kind:`, as given. */
  readonly rest: string;
  /** The part before the first `?`. */
  readonly what: string;
  readonly options: URLSearchParams;
  /** Replaces `${NAME}` with values of the environment. */
  expand(text: string): string;
}

/** Environment variables for `${NAME}` in a feed. */
export type Environment = Readonly<Record<string, string | undefined>>;

const SECRET =
  /([?&#](?:[\w-]*(?:key|token|secret|password|auth|sign?)|header|subscribe|ping|config)=)[^&#]+/gi;
const LOGIN = /(:\/\/)[^/@?#]+(?=@)/g;

/**
 * Parses `kind:what?options`.
 * @throws {RangeError} for a variable that is not set
 */
export function parseFeedSpec(text: string, environment: Environment = {}): FeedSpec {
  const name = text.replace(SECRET, "$1…").replace(LOGIN, "$1…");
  const expand = (part: string) =>
    part.replace(/\$\{(\w+)\}/g, (_, variable: string) => {
      const value = environment[variable];
      if (value !== undefined) return value;
      throw new RangeError(`Cannot use feed ${name}: ${variable} is not set in the environment`);
    });
  const [, kind = "", rest = ""] = /^([a-z]+)(?::(.*))?$/s.exec(text) ?? [];
  const question = rest.indexOf("?");
  const what = expand(question < 0 ? rest : rest.slice(0, question));
  const options = readOptions(question < 0 ? "" : rest.slice(question + 1), expand);
  return { name, kind, rest, what, options, expand };
}

/** Parses options. Values are expanded after decoding, so that a secret may contain any character. */
export function readOptions(query: string, expand: FeedSpec["expand"]): URLSearchParams {
  return new URLSearchParams(
    [...new URLSearchParams(query)].map(([option, value]) => [option, expand(value)]),
  );
}

/** Makes a feed. @throws {RangeError} */
export type OpenFeed = (spec: FeedSpec) => Feed;

/** @throws {RangeError} for an unknown kind, or a feed that is named twice */
export function openFeeds(
  names: readonly string[],
  kinds: Readonly<Record<string, OpenFeed>>,
  environment: Environment,
): Feed[] {
  const feeds = new Map<string, Feed>();
  for (const text of names) {
    if (text === "none") continue;
    const spec = parseFeedSpec(text, environment);
    const open = Object.hasOwn(kinds, spec.kind) ? kinds[spec.kind] : undefined;
    if (open === undefined) {
      const known = [...Object.keys(kinds), "none"].join(", ");
      throw unusable(spec, `its kind is none of ${known}`);
    }
    if (feeds.has(text)) throw unusable(spec, "it is named twice");
    feeds.set(text, open(spec));
  }
  return [...feeds.values()];
}

/** Options that may occur several times. */
const REPEATABLE = ["header", "subscribe", "where", "topic", "subject"];

/** @throws {RangeError} for an option that the kind of feed does not have */
export function checkOptions(spec: FeedSpec, known: readonly string[]): void {
  const seen = new Set<string>();
  for (const option of spec.options.keys()) {
    if (!known.includes(option)) {
      throw unusable(spec, `${spec.kind} has no option ${option}; it has ${known.join(", ")}`);
    }
    if (seen.has(option) && !REPEATABLE.includes(option)) {
      throw unusable(spec, `${option} is given twice`);
    }
    seen.add(option);
  }
}

/** The error for a feed that cannot be used. */
export function unusable({ name }: FeedSpec, reason: string, cause?: unknown): RangeError {
  return new RangeError(`Cannot use feed ${name}: ${reason}`, { cause });
}

/** The form of records, from the options of `FORM_OPTION_NAMES`. @throws {RangeError} */
export function formOf(spec: FeedSpec, given: Readonly<Record<string, string>> = {}): Form {
  // A request header has a colon; `header` for a text has none.
  const valueOf = (option: string) =>
    spec.options.getAll(option).find((value) => option !== "header" || !value.includes(":"));
  try {
    return readForm((option) => given[option] ?? valueOf(option));
  } catch (cause) {
    if (cause instanceof FormFault) throw unusable(spec, cause.message, cause);
    throw cause;
  }
}

/** Milliseconds of an option such as `every=10s`. @throws {RangeError} */
export function durationOption(spec: FeedSpec, option: string): number | undefined {
  const text = spec.options.get(option);
  if (text === null) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw unusable(spec, `${option}=${text} is not a duration`);
}

/** Names of an option such as `symbols=BTC/USD,EUR/USD`. @throws {RangeError} */
export function listOption(spec: FeedSpec, option: string): readonly string[] {
  const names = (spec.options.get(option) ?? "").split(",").map((name) => name.trim());
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw unusable(spec, `${option} names ${twice} twice`);
  return names.filter((name) => name !== "");
}

/** A number of at least 0 of an option such as `speed=10`. @throws {RangeError} */
export function numberOption(spec: FeedSpec, option: string, fallback: number): number {
  const text = spec.options.get(option);
  if (text === null) return fallback;
  const number = Number(text);
  if (text !== "" && Number.isFinite(number) && number >= 0) return number;
  throw unusable(spec, `${option}=${text} is not a number of at least 0`);
}

/** A flag such as `loop`: true if present, except with `false` or `0`. */
export function flagOption({ options }: FeedSpec, option: string): boolean {
  const text = options.get(option);
  return text !== null && text !== "false" && text !== "0";
}
