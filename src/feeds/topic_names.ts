import { symbolFault } from "../core/tick.ts";
import { type FeedSpec, unusable } from "./feed.ts";

/** How topics are written: `plant/+/t` and `plant/#`, or `quotes.*.x` and `quotes.>`. */
export interface Topics {
  /** Stands for one part, and for all that follow. */
  readonly one: string;
  readonly rest: string;
  readonly between: string;
}

/** The symbol of a topic; `undefined` when it does not tell it. */
export type Naming = (topic: string) => string | undefined;

/** What is wrong with a pattern of topics, as the end of a sentence. */
export function patternFault(pattern: string, { one, rest, between }: Topics): string | undefined {
  const parts = pattern.split(between);
  if (parts.some((part) => part === "") && between === ".") return "a part of it is empty";
  const wrong = parts.find((part) =>
    part.length > 1 && (part.includes(one) || part.includes(rest))
  );
  if (wrong !== undefined) return `${one} and ${rest} stand for whole parts`;
  return parts.slice(0, -1).includes(rest) ? `${rest} stands at the end` : undefined;
}

/**
 * How topics name symbols: as they are, or by a pattern in which `{1}` is what the first wildcard stands for.
 * @returns the naming, and the feed without what it has used up of its options
 * @throws {RangeError} for a pattern that names no symbol
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
      throw unusable(spec, `symbol has {${number}}, which ${short} does not`);
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

/** What the wildcards of the first pattern that fits stand for. */
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
