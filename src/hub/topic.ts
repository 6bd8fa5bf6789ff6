import { type Interval, isInterval } from "../core/interval.ts";
import { isSpelled, symbolFault } from "../core/tick.ts";
import { ClientError } from "./client_error.ts";

/** A kind of stream. */
export type Channel =
  | { readonly kind: "tick" }
  | { readonly kind: "quote" }
  | { readonly kind: "bar"; readonly interval: Interval };

export type Mode = "all" | "latest";

/** @throws {ClientError} if the text is not a channel */
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

/** The symbols that a client may see. */
export interface Reach {
  readonly key: string;
  readonly isAll: boolean;
  has(symbol: string): boolean;
  covers(pattern: string): boolean;
}

/** The existing symbols. */
export interface Known {
  has(symbol: string): boolean;
}

/**
 * The symbols that a client asked for: names, prefixes such as `BTC/*`, or `*` for all. Symbols
 * that appear later can match too.
 */
export class Selection {
  /** The patterns without duplicates, in the order of the request. */
  readonly patterns: readonly string[];
  readonly #names: ReadonlySet<string>;
  readonly #prefixes: readonly string[];
  /** The client's symbols, if the patterns match more than those. */
  readonly #reach: Reach | undefined;

  /** @throws {ClientError} for an empty list or a pattern that cannot match any symbol */
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

  /** Equal for selections with the same content in any order. */
  get key(): string {
    const patterns = [...this.patterns].sort().join(",");
    return this.#reach === undefined ? patterns : `${patterns} of ${this.#reach.key}`;
  }

  /** Whether all present and future symbols match. */
  get isAll(): boolean {
    return this.#reach === undefined && this.patterns.includes("*");
  }

  /**
   * Limits the selection to the symbols that a client may see.
   * @throws {ClientError} for a name that it may not see
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

  /** @throws {ClientError} for a name that does not exist and cannot exist */
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

  /**
   * Finds the matching symbols, in the order of the request and then of `known`, and the names that
   * are not in `known`.
   */
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
 * Checks a symbol, a prefix such as `BTC/*` or a star.
 * @param known symbols that are valid with any first character
 * @returns the fault, or `undefined` if it is valid
 */
export function patternFault(pattern: string, known?: Known): string | undefined {
  if (known?.has(pattern)) return undefined;
  return spellingFault(pattern) ?? (pattern.endsWith("*") ? undefined : symbolFault(pattern));
}

/** The same without a check of the first character, which old tapes do not restrict. */
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
