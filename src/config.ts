import { parseArgs } from "node:util";
import { z } from "zod";
import { parseDuration } from "./core/duration.ts";

/** Origins of the clients in PROTOCOL.md that run in a browser. */
const ORIGINS = [
  "https://pro.openbb.co",
  "https://pro.openbb.dev",
  "https://excel.openbb.co",
  "http://localhost:3000",
  "http://localhost:1420",
  "https://app.lowcoder.cloud",
];

const text = z.string().min(1);
/** A number, or one written as text; nothing else is made into a number. */
const number = (schema: z.ZodNumber) =>
  z.preprocess(
    (value) => typeof value === "string" && value.trim() !== "" ? Number(value) : value,
    schema,
  );
const countFrom = (least: number) => number(z.number().int().min(least));
const count = countFrom(1);
const list = z.preprocess((value) => Array.isArray(value) ? value : [value], z.array(text).min(1));
const durationFrom = (leastMs: number) =>
  z.union([z.string(), z.number()]).transform((value, context) => {
    const ms = parseDuration(String(value));
    if (ms !== undefined && ms >= leastMs) return ms;
    const least = leastMs > 0 ? ` of at least ${leastMs}ms` : "";
    context.addIssue({ code: "custom", message: `expected a duration${least}, such as 10s` });
    return z.NEVER;
  });

const size = z.union([z.string(), z.number()]).transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(String(value));
  if (match !== null) {
    return Number(match[1]) * 1_024 ** " kmgt".indexOf(match[2]!.toLowerCase() || " ");
  }
  context.addIssue({ code: "custom", message: "expected a size such as 500MB or 8GB" });
  return z.NEVER;
});

/** Every setting: flag `--body-max`, environment `TICKWIRE_BODY_MAX` and key `body-max` of the file. */
const SETTINGS = z.object({
  "host": text.default("127.0.0.1").describe("address to listen on; 0.0.0.0 for all"),
  "port": number(z.number().int().min(0).max(65_535)).default(5050).describe(
    "port; 0 for any free",
  ),
  "tape": text.default("sqlite:./data/tickwire.db").describe(
    "home of ticks: sqlite:PATH or memory[:TICKS]",
  ),
  "retention": durationFrom(1_000).default(604_800_000).describe(
    "ms, or such as 7d, after which ticks are forgotten",
  ),
  "retention-size": size.default(8_589_934_592).describe(
    "bytes, or such as 8GB, beyond which they are",
  ),
  "feed": list.default(["synthetic"]).describe(
    "where ticks come from, kind:what?options; none for ingest only",
  ),
  "flush": number(z.number().min(1).max(1_000)).default(10).describe(
    "milliseconds between frames at least",
  ),
  "origin": list.default(ORIGINS).describe(
    "page origin that may use the server beside its own; * for any",
  ),
  "heartbeat": durationFrom(100).default(15_000).describe(
    "ms of silence, or such as 15s, after which a heartbeat is sent",
  ),
  "stalled": durationFrom(100).default(30_000).describe(
    "ms without progress, or such as 30s, that end a connection",
  ),
  "drain": durationFrom(0).default(5_000).describe(
    "ms, or such as 5s, over which clients are let go at the end",
  ),
  "sessions-max": count.default(10_000).describe("clients at once"),
  "symbols-max": count.default(10_000).describe("instruments"),
  "subscriptions-max": count.default(100).describe("subscriptions of one connection"),
  "commands-max": countFrom(20).default(50).describe(
    "commands a second of one connection",
  ),
  "frame-max": count.default(65_536).describe("characters in a frame from a client"),
  "body-max": count.default(16_777_216).describe("bytes in a request body"),
  "buffered-max": count.default(262_144).describe("unsent bytes of one connection"),
  "bars-max": countFrom(1_500).default(1_500).describe("bars kept of each interval and symbol"),
});

export type Config = z.infer<typeof SETTINGS>;

/** Settings that may be given several times. */
const REPEATABLE = ["feed", "origin"];
const NAMES = Object.keys(SETTINGS.shape) as (keyof Config)[];
const FILE = "tickwire.json";

export type Invocation =
  | { readonly kind: "serve"; readonly config: Config }
  | { readonly kind: "health"; readonly config: Config }
  | { readonly kind: "help" | "version" };

/** What the operator got wrong, in words that name the setting and the way out. */
export class ConfigError extends Error {}

export interface ConfigSources {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @returns the text of a file, or `undefined` when there is none */
  readFile(path: string): string | undefined;
}

/**
 * Reads the command line; flags win over the environment, the environment over the file.
 * @throws {ConfigError}
 */
export function readConfig({ args, env, readFile }: ConfigSources): Invocation {
  const { flags, words } = readFlags(args);
  if (flags["help"] !== undefined) return { kind: "help" };
  if (flags["version"] !== undefined) return { kind: "version" };
  const [command = "serve", extra] = words;
  if (command !== "serve" && command !== "health") {
    throw new ConfigError(
      `Cannot run ${command}: there is no such command, see tickwire --help`,
    );
  }
  if (extra !== undefined) throw new ConfigError(`Cannot use ${extra}: ${command} takes no words`);
  const given: Record<string, unknown> = {};
  const sources = new Map<string, string>();
  const note = (name: string, value: unknown, source: string) => {
    given[name] = value;
    sources.set(name, source);
  };
  const { path, settings } = readSettingsFile(
    flags["config"]?.[0] ?? env["TICKWIRE_CONFIG"],
    readFile,
  );
  for (const [name, value] of Object.entries(settings)) note(name, value, `${name} of ${path}`);
  for (const name of NAMES) {
    const variable = `TICKWIRE_${name.toUpperCase().replaceAll("-", "_")}`;
    const value = env[variable];
    if (value !== undefined && value !== "") {
      note(name, REPEATABLE.includes(name) ? value.trim().split(/\s+/) : value, variable);
    }
    const flag = flags[name];
    if (flag !== undefined) note(name, REPEATABLE.includes(name) ? flag : flag.at(-1), `--${name}`);
  }
  const config = SETTINGS.safeParse(given);
  if (config.success) return { kind: command, config: config.data };
  const issue = config.error.issues[0]!;
  const name = String(issue.path[0]);
  throw new ConfigError(
    `Cannot use ${sources.get(name) ?? name} ${JSON.stringify(given[name])}: ${
      issue.message.replace(/^Invalid input: /, "").replace(/^T/, "t")
    }`,
  );
}

function readFlags(args: readonly string[]): {
  flags: Record<string, string[] | undefined>;
  words: string[];
} {
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "v" },
      ...Object.fromEntries([...NAMES, "config"].map((name) => [name, { type: "string" }])),
    },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const flags: Record<string, string[] | undefined> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, inlineValue } = token;
    // What begins with two dashes is the next flag.
    const value = !inlineValue && token.value?.startsWith("--") ? undefined : token.value;
    if (name === "help" || name === "version") {
      flags[name] = [];
      continue;
    }
    if (!NAMES.includes(name as keyof Config) && name !== "config") {
      throw new ConfigError(
        `Cannot use ${rawName}: there is no such flag${suggest(name)}, see tickwire --help`,
      );
    }
    if (value === undefined) throw new ConfigError(`Cannot use ${rawName}: it needs a value`);
    (flags[name] ??= []).push(value);
  }
  return { flags, words };
}

function readSettingsFile(
  asked: string | undefined,
  readFile: (path: string) => string | undefined,
): { path: string; settings: Record<string, unknown> } {
  const path = asked ?? FILE;
  const content = readFile(path);
  if (content === undefined) {
    if (asked !== undefined) throw new ConfigError(`Cannot read ${path}: there is no such file`);
    return { path, settings: {} };
  }
  let settings: unknown;
  try {
    settings = JSON.parse(content);
  } catch (cause) {
    throw new ConfigError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) {
    throw new ConfigError(`Cannot read ${path}: it is not a JSON object of settings`);
  }
  for (const name of Object.keys(settings)) {
    if (NAMES.includes(name as keyof Config)) continue;
    throw new ConfigError(
      `Cannot use ${name} of ${path}: there is no such setting${suggest(name)}`,
    );
  }
  return { path, settings: settings as Record<string, unknown> };
}

/** The setting that was probably meant: one that shares its letters but for one or two. */
function suggest(name: string): string {
  const near = NAMES.find((known) =>
    known.startsWith(name) || [...known].sort().join("") === [...name].sort().join("") ||
    Math.abs(known.length - name.length) <= 1 &&
      [...name].filter((letter) => !known.includes(letter)).length <= 1 && known[0] === name[0]
  );
  return near === undefined ? "" : ` (did you mean ${near}?)`;
}

/** The text of `--help`, written from the settings. */
export function helpText(version: string): string {
  const rows = Object.entries(SETTINGS.shape).map(([name, setting]) => {
    const fallback = setting.parse(undefined);
    const shown = Array.isArray(fallback) && fallback.length > 1 ? "see README" : String(fallback);
    return `  ${`--${name}`.padEnd(20)} ${setting.description} (${shown})`;
  });
  return [
    `tickwire ${version}: live numbers from where they happen to where they are watched`,
    "",
    "tickwire [serve] [flags]     serve; with no flags a synthetic market on http://localhost:5050",
    "tickwire health [flags]      ask the server on this machine whether it serves; exit code 0 or 1",
    "",
    "Flags (default), each also TICKWIRE_… in the environment and a key of tickwire.json:",
    ...rows,
    `  ${"--config".padEnd(20)} path of the settings file (tickwire.json)`,
    `  ${"--help, --version".padEnd(20)}`,
    "",
    "Feeds:",
    "  synthetic:?symbols=AAPL,MSFT&rate=1000&seed=1&history=2h",
    "  replay:a.csv,b.csv.gz?speed=60&rebase&loop&map=time:Date,price:Close&from=2024-05-06",
    "  stdin:?symbol=NAME&map=price:value",
    "  poll:https://host/prices.json?every=10s&path=data.items&map=symbol:id,price:last",
    "  kraken:wss://ws.kraken.com/v2?symbols=BTC/USD,EUR/USD",
    "  tickwire:wss://other:5050/ws?symbols=*&key=${KEY}",
    "  none",
    "",
  ].join("\n");
}
