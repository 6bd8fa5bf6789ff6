import { symbolFault } from "../core/tick.ts";
import { type FeedSpec, unusable } from "./feed.ts";

/** The form of topics: `plant/+/t` and `plant/#`, or `quotes.*.x` and `quotes.>`. */
export interface Topics {
  /** The wildcard for one part, and the one for all that follow. */
  readonly one: string;
  readonly rest: string;
  readonly between: string;
}

/** The symbol of a topic; `undefined` if the topic does not give it. */
export type Naming = (topic: string) => string | undefined;

/** Why a topic pattern is invalid, as the end of a sentence; `undefined` for a valid one. */
export function patternFault(pattern: string, { one, rest, between }: Topics): string | undefined {
  const parts = pattern.split(between);
  if (parts.some((part) => part === "") && between === ".") return "a part of it is empty";
  const wrong = parts.find((part) =>
    part.length > 1 && (part.includes(one) || part.includes(rest))
  );
  if (wrong !== undefined) return `${one} and ${rest} stand for whole parts`;
  return parts.slice(0, -1).includes(rest) ? `${rest} must stand at the end` : undefined;
}

/**
 * Makes symbols from topics: the topic itself, or a pattern in which `{1}` is the text of the first wildcard.
 * @returns the naming, and the feed without the option that it has used
 * @throws {RangeError} for a pattern that gives no symbol
 */
export function namingOf(
  spec: FeedSpec,
  patterns: readonly string[],
  topics: Topics,
): { readonly naming: Naming; readonly named: FeedSpec } {
  const symbol = spec.options.get("symbol");
  if (symbol === null) return { naming: (topic) => topic, named: spec };
  if (!/\{\d+\}/.test(symbol)) return { naming: () => undefined, named: spec };
  const fault = symbolFault(symbol.replace(/\{\d+\}/g, "x"));
  if (fault !== undefined) throw unusable(spec, `symbol ${JSON.stringify(symbol)}: ${fault}`);
  const { one, rest } = topics;
  for (const [, number] of symbol.matchAll(/\{(\d+)\}/g)) {
    const short = patterns.find((pattern) => {
      const wildcards = pattern.split(topics.between).filter((part) =>
        part === one || part === rest
      );
      return Number(number) < 1 || Number(number) > wildcards.length;
    });
    if (short !== undefined) {
      throw unusable(spec, `symbol has {${number}}, but ${short} has fewer wildcards`);
    }
  }
  const options = new URLSearchParams(spec.options);
  options.delete("symbol");
  const naming = (topic: string) => {
    const parts = partsOf(topic, patterns, topics);
    return symbol.replace(/\{(\d+)\}/g, (_, number) => parts[Number(number) - 1] ?? "");
  };
  return { naming, named: { ...spec, options } };
}

/** The texts that the wildcards of the first matching pattern stand for. */
function partsOf(
  topic: string,
  patterns: readonly string[],
  { one, rest, between }: Topics,
): string[] {
  const own = topic.split(between);
  for (const pattern of patterns) {
    const wanted = pattern.split(between);
    const isLong = wanted.at(-1) === rest;
    if (isLong ? own.length < wanted.length - 1 : own.length !== wanted.length) continue;
    const fits = wanted.every((part, at) => part === one || part === rest || part === own[at]);
    if (!fits) continue;
    return wanted.flatMap((part, at) =>
      part === one ? [own[at]!] : part === rest ? [own.slice(at).join(between)] : []
    );
  }
  return [];
}
