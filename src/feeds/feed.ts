import { parseDuration } from "../core/duration.ts";
import type { GivenBar } from "../core/given_bar.ts";
import type { InstrumentFields } from "../core/instrument.ts";
import type { Tick } from "../core/tick.ts";
import type { Mark } from "../log/log.ts";
import { type Form, FormFault, readForm } from "../records/form.ts";

/** What a feed is given. A feed has no clock, timer or randomness of its own. */
export interface FeedContext {
  /** Ends the feed. */
  readonly signal: AbortSignal;
  now(): number;
  /** Resolves after so many milliseconds, or at once when the feed is ended. */
  sleep(ms: number): Promise<void>;
  /**
   * Puts ticks on the tape; resolves once they are. Marks are kept with them, all or nothing: they say
   * where to go on, whatever happens to this process.
   */
  emit(ticks: readonly Tick[], marks?: readonly Mark[]): Promise<void>;
  /** Puts bars in the place of what there was of them, as `emit` puts ticks on the tape. */
  give(bars: readonly GivenBar[], marks?: readonly Mark[]): Promise<void>;
  /** What the newest mark of this name says. */
  mark(name: string): string | undefined;
  /** Whether the tape holds nothing yet. */
  readonly tapeEmpty: boolean;
  /** Whether another replica may have run it before this one, and may after it. */
  readonly shared: boolean;
  /** The newest price of a symbol on the tape. */
  newestPrice(symbol: string): number | null;
  /** Adds an instrument or changes the fields given; what is emitted after it comes after it. */
  define(symbol: string, fields: InstrumentFields): Promise<void>;
  /** Says that what was to be loaded first is in place, or that the source is back. */
  ready(): void;
  /** Counts records that could not be read. */
  leftOut(count: number): void;
  /** Tells the operator of something that was left out. */
  warn(message: string): void;
}

/** The source of a feed has failed. It is tried again, with everything that was emitted kept. */
export class SourceFault extends Error {
  /** The source has asked not to be called before so many milliseconds. */
  readonly retryAfterMs: number;

  constructor(message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** Where ticks come from. */
export interface Feed {
  /** The feed as it was asked for, such as `replay:ticks.csv?speed=10`. */
  readonly name: string;
  /**
   * Runs until its source ends, it fails or `signal` ends it.
   * @throws {SourceFault} when it should be run again after a while
   */
  run(context: FeedContext): Promise<void>;
}

/** What stands behind `kind:` in `--feed kind:what?options`. */
export interface FeedSpec {
  /** As it was given, without what has to stay secret. */
  readonly name: string;
  readonly kind: string;
  /** Everything behind `kind:`, as it was given. */
  readonly rest: string;
  /** What of it stands before the first `?`. */
  readonly what: string;
  readonly options: URLSearchParams;
  /** Puts values of the environment in the place of their names. */
  expand(text: string): string;
}

/** Values by the names that `${NAME}` in a feed stands for. */
export type Environment = Readonly<Record<string, string | undefined>>;

const SECRET =
  /([?&#](?:[\w-]*(?:key|token|secret|password|auth|sign?)|header|subscribe|ping|config)=)[^&#]+/gi;
const LOGIN = /(:\/\/)[^/@?#]+(?=@)/g;

/**
 * Takes `kind:what?options` apart.
 * @throws {RangeError} for a name that the environment does not have
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

/** Values are expanded after they are decoded, so that a secret may hold any character. */
export function readOptions(query: string, expand: FeedSpec["expand"]): URLSearchParams {
  return new URLSearchParams(
    [...new URLSearchParams(query)].map(([option, value]) => [option, expand(value)]),
  );
}

/** Makes a feed of what was asked for. @throws {RangeError} */
export type OpenFeed = (spec: FeedSpec) => Feed;

/** @throws {RangeError} for a feed of no known kind, and one that is there already */
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

/** Options that may be given several times. */
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

/** What is wrong with how a feed was asked for. */
export function unusable({ name }: FeedSpec, reason: string, cause?: unknown): RangeError {
  return new RangeError(`Cannot use feed ${name}: ${reason}`, { cause });
}

/** How records are written, by the options of `FORM_OPTION_NAMES`. @throws {RangeError} */
export function formOf(spec: FeedSpec, given: Readonly<Record<string, string>> = {}): Form {
  // A header of a request has a colon, unlike that of a text.
  const valueOf = (option: string) =>
    spec.options.getAll(option).find((value) => option !== "header" || !value.includes(":"));
  try {
    return readForm((option) => given[option] ?? valueOf(option));
  } catch (cause) {
    if (cause instanceof FormFault) throw unusable(spec, cause.message, cause);
    throw cause;
  }
}

/** Milliseconds from an option such as `every=10s`. @throws {RangeError} */
export function durationOption(spec: FeedSpec, option: string): number | undefined {
  const text = spec.options.get(option);
  if (text === null) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw unusable(spec, `${option}=${text} is not a duration`);
}

/** Different names from an option such as `symbols=BTC/USD,EUR/USD`. @throws {RangeError} */
export function listOption(spec: FeedSpec, option: string): readonly string[] {
  const names = (spec.options.get(option) ?? "").split(",").map((name) => name.trim());
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw unusable(spec, `${option} names ${twice} twice`);
  return names.filter((name) => name !== "");
}

/** A positive number from an option, such as `speed=10`. @throws {RangeError} */
export function numberOption(spec: FeedSpec, option: string, fallback: number): number {
  const text = spec.options.get(option);
  if (text === null) return fallback;
  const number = Number(text);
  if (text !== "" && Number.isFinite(number) && number >= 0) return number;
  throw unusable(spec, `${option}=${text} is not a number of at least 0`);
}

/** A flag such as `loop`: present means yes, unless it says `false`. */
export function flagOption({ options }: FeedSpec, option: string): boolean {
  const text = options.get(option);
  return text !== null && text !== "false" && text !== "0";
}
