import { type Interval, isInterval } from "../core/interval.ts";
import { isSpelled, symbolFault } from "../core/tick.ts";
import { ClientError } from "./client_error.ts";

/** A kind of stream. */
export type Channel =
  | { readonly kind: "tick" }
  | { readonly kind: "quote" }
  | { readonly kind: "bar"; readonly interval: Interval };

export type Mode = "all" | "latest";

/** @throws {ClientError} when the text names no channel */
export function parseChannel(text: string): Channel {
  if (text === "tick" || text === "quote") return { kind: text };
  const interval = text.startsWith("bar:") ? text.slice("bar:".length) : "";
  if (isInterval(interval)) return { kind: "bar", interval };
  throw new ClientError(
    "bad_channel",
    `Cannot subscribe to channel ${
      JSON.stringify(text.slice(0, 100))
    }: it is none of tick, quote, bar:1s … bar:1w`,
  );
}

export function channelName(channel: Channel): string {
  return channel.kind === "bar" ? `bar:${channel.interval}` : channel.kind;
}

/** What may be seen of all symbols. */
export interface Reach {
  readonly key: string;
  readonly isAll: boolean;
  has(symbol: string): boolean;
  covers(pattern: string): boolean;
}

/** The symbols that there are. */
export interface Known {
  has(symbol: string): boolean;
}

/**
 * Which symbols a client asked for: names, prefixes such as `BTC/*`, or `*` for all. Names and
 * prefixes also match symbols that appear later.
 */
export class Selection {
  /** The patterns without duplicates, in the order asked. */
  readonly patterns: readonly string[];
  readonly #names: ReadonlySet<string>;
  readonly #prefixes: readonly string[];
  /** Where its prefixes reach further than whoever asks. */
  readonly #reach: Reach | undefined;

  /** @throws {ClientError} for an empty list, or a pattern that no symbol matches */
  constructor(patterns: readonly string[], reach?: Reach) {
    this.#reach = reach;
    if (patterns.length === 0) {
      throw new ClientError("bad_symbol", "Cannot subscribe to no symbols: the list is empty");
    }
    this.patterns = [...new Set(patterns)];
    for (const pattern of this.patterns) checkPattern(pattern, spellingFault(pattern));
    this.#names = new Set(this.patterns.filter((pattern) => !pattern.endsWith("*")));
    this.#prefixes = this.patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) =>
      pattern.slice(0, -1)
    );
  }

  /** Equal for selections with the same content, whatever its order. */
  get key(): string {
    const patterns = [...this.patterns].sort().join(",");
    return this.#reach === undefined ? patterns : `${patterns} of ${this.#reach.key}`;
  }

  /** Whether every symbol matches, and every one that will appear. */
  get isAll(): boolean {
    return this.#reach === undefined && this.patterns.includes("*");
  }

  /**
   * What of it somebody may see: of prefixes a part, names or none.
   * @throws {ClientError} for a name that may not be seen
   */
  within(reach: Reach): Selection {
    if (reach.isAll || this.patterns.every((pattern) => reach.covers(pattern))) return this;
    const name = this.patterns.find((pattern) => !pattern.endsWith("*") && !reach.has(pattern));
    if (name === undefined) return new Selection(this.patterns, reach);
    const shown = JSON.stringify(name.slice(0, 100));
    throw new ClientError(
      "not_allowed",
      `Cannot subscribe to ${shown}: the token does not allow it`,
    );
  }

  /** @throws {ClientError} for a name that no symbol has, and that none can have */
  check(known: Known): void {
    for (const pattern of this.patterns) checkPattern(pattern, patternFault(pattern, known));
  }

  matches(symbol: string): boolean {
    return (this.#names.has(symbol) ||
      this.#prefixes.some((prefix) => symbol.startsWith(prefix))) &&
      this.#sees(symbol);
  }

  #sees(symbol: string): boolean {
    return this.#reach === undefined || this.#reach.has(symbol);
  }

  /** The symbols of those given that match, in the order asked and then as given; and the names that are not among them. */
  resolve(known: Known & { symbols(): Iterable<string> }): {
    symbols: string[];
    unknown: string[];
  } {
    const found = new Set<string>();
    const unknown: string[] = [];
    for (const pattern of this.patterns) {
      if (!pattern.endsWith("*")) {
        if (known.has(pattern)) found.add(pattern);
        else unknown.push(pattern);
        continue;
      }
      const prefix = pattern.slice(0, -1);
      for (const symbol of known.symbols()) {
        if (symbol.startsWith(prefix) && this.#sees(symbol)) found.add(symbol);
      }
    }
    return { symbols: [...found], unknown };
  }
}

/**
 * What is wrong with a symbol, a prefix such as `BTC/*` or a star; `undefined` when nothing is.
 * @param known what it may name however it begins
 */
export function patternFault(pattern: string, known?: Known): string | undefined {
  if (known?.has(pattern)) return undefined;
  return spellingFault(pattern) ?? (pattern.endsWith("*") ? undefined : symbolFault(pattern));
}

/** The same without a look at how a symbol begins, because there may be one on an old tape that begins so. */
function spellingFault(pattern: string): string | undefined {
  if (pattern === "*") return undefined;
  const star = pattern.indexOf("*");
  if (star >= 0 && star < pattern.length - 1) return "a star stands only at the end";
  const name = star < 0 ? pattern : pattern.slice(0, -1);
  return isSpelled(name) ? undefined : symbolFault(name);
}

function checkPattern(pattern: string, fault: string | undefined): void {
  if (fault === undefined) return;
  const shown = JSON.stringify(pattern.slice(0, 100));
  throw new ClientError("bad_symbol", `Cannot subscribe to ${shown}: ${fault}`);
}
