import { parseArgs } from "node:util";
import { nearest } from "../core/nearest.ts";

/** What the operator got wrong, in words that name the setting and the way out. */
export class ConfigError extends Error {}

export interface Flags {
  /** The values of each flag given; a switch has an empty one. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
}

export interface FlagNames {
  /** Flags with a value. */
  readonly valued: readonly string[];
  readonly switches: readonly string[];
}

/** Takes a command line apart. @throws {ConfigError} for a flag that is unknown, or lacks its value or has one */
export function readFlags(args: readonly string[], { valued, switches }: FlagNames): Flags {
  const options = Object.fromEntries([
    ...valued.map((name) => [name, { type: "string" }]),
    ...switches.map((name) => [name, { type: "boolean" }]),
    ["help", { type: "boolean", short: "h" }],
    ["version", { type: "boolean", short: "v" }],
  ]);
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const flags = new Map<string, string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, inlineValue } = token;
    const isSwitch = switches.includes(name);
    if (!isSwitch && !valued.includes(name)) {
      const meant = suggest(name, [...valued, ...switches]);
      throw new ConfigError(
        `Cannot use ${rawName}: there is no such flag${meant}, see tickwire --help`,
      );
    }
    // What begins with two dashes is the next flag.
    const value = !inlineValue && token.value?.startsWith("--") ? undefined : token.value;
    if (isSwitch !== (value === undefined)) {
      throw new ConfigError(`Cannot use ${rawName}: it ${isSwitch ? "takes no" : "needs a"} value`);
    }
    flags.set(name, [...flags.get(name) ?? [], value ?? ""]);
  }
  return { flags, words };
}

/** Words that name what was probably meant: what begins like it, or is near to it. */
export function suggest(name: string, names: readonly string[]): string {
  const meant = names.find((known) => known.startsWith(name)) ?? nearest(name, names);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}
