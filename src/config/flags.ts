import { parseArgs } from "node:util";
import { nearest } from "../core/nearest.ts";

/** An error of the operator; the message names the setting and a way out. */
export class ConfigError extends Error {}

export interface Flags {
  /** The values of each flag; the value of a switch is empty. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
}

export interface FlagNames {
  /** Flags with a value. */
  readonly valued: readonly string[];
  readonly switches: readonly string[];
}

/** Parses a command line. @throws {ConfigError} for an unknown flag, a missing value, or a switch with a value */
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
    // Two dashes start the next flag, not a value.
    const value = !inlineValue && token.value?.startsWith("--") ? undefined : token.value;
    if (isSwitch !== (value === undefined)) {
      throw new ConfigError(`Cannot use ${rawName}: it ${isSwitch ? "takes no" : "needs a"} value`);
    }
    flags.set(name, [...flags.get(name) ?? [], value ?? ""]);
  }
  return { flags, words };
}

/** Suggests the name that the user probably meant: one with the same start, or a similar one. */
export function suggest(name: string, names: readonly string[]): string {
  const meant = names.find((known) => known.startsWith(name)) ?? nearest(name, names);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}
