import type { RateLimit } from "./rate_limit.ts";
import { patternFault } from "./topic.ts";

/** The names and prefixes (of symbols or rooms) that a client may use. */
export class Scope {
  /** Equal for scopes with the same content in any order. */
  readonly key: string;
  readonly #names: ReadonlySet<string>;
  /** By length, so that a lookup costs the same for many prefixes as for few. */
  readonly #prefixes: ReadonlyMap<number, ReadonlySet<string>>;

  /** @throws {RangeError} if a pattern is not a name, a prefix such as `BTC/*` or `*` */
  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) {
      const fault = patternFault(pattern);
      if (fault === undefined) continue;
      throw new RangeError(`${JSON.stringify(pattern.slice(0, 100))}: ${fault}`);
    }
    const isPrefix = (pattern: string) => pattern.endsWith("*");
    const prefixes = patterns.filter(isPrefix).map((pattern) => pattern.slice(0, -1));
    this.#names = new Set(patterns.filter((pattern) => !isPrefix(pattern)));
    const byLength = Map.groupBy(prefixes, ({ length }) => length);
    this.#prefixes = new Map(
      [...byLength].map(([length, prefixes]) => [length, new Set(prefixes)]),
    );
    this.key = this.isAll ? "*" : [...new Set(patterns)].sort().join(",");
  }

  get isAll(): boolean {
    return this.#prefixes.has(0);
  }

  get isNone(): boolean {
    return this.#names.size === 0 && this.#prefixes.size === 0;
  }

  has(name: string): boolean {
    if (this.isAll || this.#names.has(name)) return true;
    for (const [length, prefixes] of this.#prefixes) {
      if (length <= name.length && prefixes.has(name.slice(0, length))) return true;
    }
    return false;
  }

  /** Whether the scope contains all names that a pattern matches. */
  covers(pattern: string): boolean {
    if (!pattern.endsWith("*")) return this.has(pattern);
    const prefix = pattern.slice(0, -1);
    for (const [length, prefixes] of this.#prefixes) {
      if (length <= prefix.length && prefixes.has(prefix.slice(0, length))) return true;
    }
    return false;
  }
}

export const ALL = new Scope(["*"]);
export const NONE = new Scope([]);

/** The rights of a key or a token. */
export interface Grant {
  /** Symbols that the client may read; `write` has those that it may write. */
  readonly read: Scope;
  readonly write: Scope;
  /** Rooms that the client may join. */
  readonly rooms: Scope;
  /** Expiry in milliseconds since the epoch. */
  readonly until: number;
  /** The rate limit of commands, if there is one. All connections of the same subject share it. */
  readonly rateLimit?: RateLimit | undefined;
}

export const EVERYTHING: Grant = { read: ALL, write: ALL, rooms: ALL, until: Infinity };
