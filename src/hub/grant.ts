import type { Allowance } from "./allowance.ts";
import { patternFault } from "./topic.ts";

/** Names and prefixes that somebody may have to do with: symbols, or rooms. */
export class Scope {
  /** Equal for scopes with the same content, whatever its order. */
  readonly key: string;
  readonly #names: ReadonlySet<string>;
  /** By their length, so that many of them cost no more than few. */
  readonly #prefixes: ReadonlyMap<number, ReadonlySet<string>>;

  /** @throws {RangeError} for what is neither a name, a prefix such as `BTC/*` nor a star */
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

  /** Whether whatever a pattern matches is in it. */
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

/** What a key or a token lets its sender do. */
export interface Grant {
  /** Symbols that may be read, and written. */
  readonly read: Scope;
  readonly write: Scope;
  /** Rooms that may be entered. */
  readonly rooms: Scope;
  /** When it ends, in milliseconds since the epoch. */
  readonly until: number;
  /** Commands that may still be given, where that is limited; all who come with the same subject share it. */
  readonly allowance?: Allowance | undefined;
}

export const EVERYTHING: Grant = { read: ALL, write: ALL, rooms: ALL, until: Infinity };
