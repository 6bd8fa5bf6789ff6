import type { Context } from "hono";
import { LOOKS_LIKE_MS_MIN, parseTime } from "../core/time.ts";
import { type Known, patternFault } from "../hub/topic.ts";
import type { Scope } from "../hub/grant.ts";
import { readSymbols } from "../wire/native.ts";
import { checkGranted, grantOf } from "./access/grants.ts";
import { HttpError } from "./http_error.ts";

export const LIMIT_DEFAULT = 1_000;
export const LIMIT_MAX = 10_000_000;
export const SYMBOLS_MAX = 10_000;
/** A smaller number is accepted as milliseconds near 1970: from=0 means the whole history. */
const SECONDS_MIN = 1e8;

/** Reads the parameters of a request. Every method throws a `HttpError` for an invalid value. */
export class Query {
  readonly #params: URLSearchParams;
  readonly #now: number;
  readonly #scope: Scope;

  /** @param scope symbols that the client may name */
  constructor(url: string, now: number, scope: Scope) {
    this.#params = new URL(url).searchParams;
    this.#now = now;
    this.#scope = scope;
  }

  /** Makes the query of a request that may name the symbols its client may read. */
  static of(c: Context, now = 0): Query {
    return new Query(c.req.url, now, grantOf(c).read);
  }

  text(name: string): string | undefined {
    return this.#params.get(name) || undefined;
  }

  /**
   * The names and prefixes of `symbol` and `symbols`, without duplicates, in the requested order.
   * @param known symbols that are valid with any first character
   */
  symbols(known?: Known): string[] {
    const names = readSymbols(this.#params) ?? [];
    if (names.length > SYMBOLS_MAX) {
      throw new HttpError(400, "too_many_symbols", `Cannot answer for over ${SYMBOLS_MAX} symbols`);
    }
    for (const name of names) {
      const fault = patternFault(name, known);
      if (fault === undefined) {
        if (!name.endsWith("*")) checkGranted(this.#scope, name, "Cannot read");
      } else {
        throw new HttpError(
          400,
          "bad_symbol",
          `Cannot use symbol ${JSON.stringify(name.slice(0, 100))}: ${fault}`,
        );
      }
    }
    return [...new Set(names)];
  }

  /**
   * The one symbol of the request.
   * @param action the begin of the message if there is not exactly one: `Cannot ${action}`
   * @param known symbols that are valid with any first character
   */
  symbol(action: string, known?: Known): string {
    const [symbol, another] = this.symbols(known);
    if (symbol !== undefined && another === undefined && !symbol.endsWith("*")) return symbol;
    throw new HttpError(400, "bad_symbol", `Cannot ${action}: name one symbol`);
  }

  /** One of the given words. */
  choice<Word extends string>(name: string, words: readonly Word[], fallback: Word): Word {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    throw new HttpError(
      400,
      `bad_${name}`,
      `Cannot use ${name} ${JSON.stringify(text)}: it is none of ${words.join(", ")}`,
    );
  }

  /** Reads milliseconds since the epoch, ISO 8601, or a time relative to now. */
  time(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    // A query decodes a plus sign as a space, but the plus may belong to a time zone.
    const time = parseTime(
      text.replace(/(?<=:\d{2}(?:[.,]\d+)?) (?=\d{2}:?\d{2}$)/, "+"),
      this.#now,
    );
    if (time !== undefined && time >= SECONDS_MIN && time < LOOKS_LIKE_MS_MIN) {
      throw new HttpError(
        400,
        `bad_${name}`,
        `Cannot use ${name} ${text}: it looks like seconds, give milliseconds`,
      );
    }
    if (time !== undefined) return time;
    throw new HttpError(
      400,
      `bad_${name}`,
      `Cannot use ${name} ${
        JSON.stringify(text)
      }: it is neither milliseconds, ISO 8601 nor relative such as -1h`,
    );
  }

  limit(max = LIMIT_MAX): number {
    const text = this.text("limit");
    if (text === undefined) return LIMIT_DEFAULT;
    const limit = Number(text);
    if (/^\d+$/.test(text) && limit >= 1 && limit <= max) return limit;
    throw new HttpError(
      400,
      "bad_limit",
      `Cannot use limit ${JSON.stringify(text)}: it is no whole number from 1 to ${max}`,
    );
  }
}
