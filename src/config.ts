import { z } from "zod";
import { BACKUPS, TLS, TOGETHER, TOKENS } from "./config/care_settings.ts";
import { BACKUP, CANCEL, EXPORT, IMPORT, INSPECT, SEND, WATCH } from "./config/client_settings.ts";
import { MASK, maskSecrets } from "./core/mask.ts";
import { ConfigError, type Flags, readFlags, suggest } from "./config/flags.ts";
import {
  autoOr,
  count,
  countFrom,
  durationFrom,
  hosts,
  instruments,
  keys,
  list,
  number,
  origins,
  size,
  text,
  toggle,
  webAddress,
} from "./config/setting_kinds.ts";
import { readSettingsFile, type SettingsFile } from "./config/settings_file.ts";

export { ConfigError };

/** Origins of the browser clients in PROTOCOL.md. */
const ORIGINS = [
  "https://pro.openbb.co",
  "https://pro.openbb.dev",
  "https://excel.openbb.co",
  "http://localhost:3000",
  "http://localhost:1420",
  "https://app.lowcoder.cloud",
];

/** Each setting is a flag `--body-max`, a variable `TICKWIRE_BODY_MAX` and a key of the file. */
const SETTINGS = z.object({
  "host": text.default("127.0.0.1").describe("address to listen on; 0.0.0.0 for all"),
  "port": number(z.number().int().min(0).max(65_535)).default(5050).describe(
    "port; 0 for any free one",
  ),
  "workers": autoOr(number(z.number().int().min(1).max(64))).optional().describe(
    "additional processes on the same port; auto: one per further core",
  ),
  "tape": text.default("sqlite:./data/tickwire.db").describe(
    "storage of ticks: sqlite:PATH or memory[:TICKS]",
  ),
  "log": text.default("local").describe(
    "log of ticks: local, or nats://HOST:4222 for several replicas",
  ),
  "retention": durationFrom(1_000).prefault("7d").describe("how long ticks are kept"),
  "retention-size": size.prefault("8GB").describe(
    "size of the tape above which the oldest ticks are deleted",
  ),
  ...BACKUPS,
  "feed": list.default(["synthetic"]).describe(
    "source of ticks, kind:what?options; none for ingest only",
  ),
  "flush": autoOr(number(z.number().min(1).max(1_000))).default("auto").describe(
    "minimum milliseconds between frames; auto: depends on the load",
  ),
  "origin": origins.default(ORIGINS).describe(
    "additional origin that may use it; * for any",
  ),
  "allowed-host": hosts.default([]).describe(
    "additional host name of the server; * for any",
  ),
  "read-key": keys.default([]).describe("key for reading"),
  "write-key": keys.default([]).describe("key for writing and reading"),
  ...TLS,
  ...TOKENS,
  "public-url": webAddress.optional().describe(
    "URL of the server for browsers, such as https://HOST/PATH",
  ),
  "heartbeat": durationFrom(100).prefault("15s").describe(
    "time without messages after which a heartbeat is sent",
  ),
  "stalled": durationFrom(100).prefault("30s").describe(
    "time without progress after which a connection is closed",
  ),
  "drain": durationFrom(0).prefault("5s").describe(
    "time over which clients are disconnected at shutdown",
  ),
  "sessions-max": count.default(10_000).describe("connected clients"),
  "symbols-max": count.default(10_000).describe("instruments"),
  "subscriptions-max": count.default(1_000).describe("subscriptions per connection"),
  "commands-max": countFrom(20).default(4_000).describe(
    "waiting commands per connection",
  ),
  "frame-max": count.default(65_536).describe("characters in a frame from a client"),
  "body-max": count.default(16_777_216).describe("bytes in a request body"),
  "buffered-max": count.default(262_144).describe("unsent bytes per connection"),
  "bars-max": countFrom(1_500).default(1_500).describe("bars kept per interval and symbol"),
  "rooms-max": count.default(1_000).describe("rooms"),
  "room-members-max": count.default(100).describe("clients per room"),
  "room-message-max": count.default(16_384).describe("characters in a room message"),
  "room-kept": durationFrom(0).prefault("1h").describe(
    "time for which an empty room keeps its newest message",
  ),
  "instruments": instruments.prefault({}),
  "check": toggle.default(false).describe("show the settings, and serve nothing"),
});

export type Config = z.infer<typeof SETTINGS>;

/** Settings with several values; a variable separates them with blanks. */
export const REPEATABLE = ["feed", "origin", "allowed-host", "read-key", "write-key"];
/** Settings that exist only in the file. */
export const FILE_ONLY = ["instruments"];
const SECRET = ["read-key", "write-key", "key", "jwt-secret"];

export interface Command {
  readonly settings: z.ZodObject;
  /** Most words beside the flags. */
  readonly wordsMax: number;
}

/**
 * The commands with their settings. A new command needs an entry here, a page in config/help.ts and
 * a case in main.ts. A setting means the same in each command.
 */
export const COMMANDS = {
  serve: { settings: SETTINGS, wordsMax: 0 },
  health: { settings: SETTINGS.pick({ host: true, port: true, "tls-cert": true }), wordsMax: 0 },
  watch: { settings: WATCH, wordsMax: 1_000 },
  send: { settings: SEND, wordsMax: 1 },
  import: { settings: IMPORT, wordsMax: 1_000 },
  export: { settings: EXPORT, wordsMax: 0 },
  cancel: { settings: CANCEL, wordsMax: 1 },
  inspect: { settings: INSPECT, wordsMax: 1 },
  backup: { settings: BACKUP, wordsMax: 1 },
  restore: { settings: SETTINGS.pick({ tape: true }), wordsMax: 1 },
} satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

/** The settings of all commands. */
const ALL: Readonly<Record<string, z.ZodType>> = Object.assign(
  {},
  ...Object.values(COMMANDS).map(({ settings }) => settings.shape),
);

/** The values and the sources of all settings, without secrets. */
export interface Report {
  /** The path of the file, if one was read. */
  readonly file: string | null;
  readonly settings: Readonly<Record<string, { readonly value: unknown; readonly source: string }>>;
}

type Run<Name extends CommandName> = {
  readonly kind: Name;
  readonly config: z.infer<typeof COMMANDS[Name]["settings"]>;
  readonly words: readonly string[];
};

export type Invocation =
  | { [Name in CommandName]: Run<Name> }[CommandName]
  | { readonly kind: "check"; readonly config: Config; readonly report: Report }
  | { readonly kind: "help"; readonly command: CommandName | undefined }
  | { readonly kind: "version" };

export interface ConfigSources {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @returns the text of a file, or `undefined` if it does not exist */
  readFile(path: string): string | undefined;
}

/** A setting as the user gave it. */
interface Given {
  readonly value: unknown;
  readonly source: "flag" | "environment" | "file";
  /** Name of the setting at its source: `--port`, `TICKWIRE_PORT`, `port of tickwire.json`. */
  readonly place: string;
}

/**
 * Reads the settings. Flags win over the environment, and the environment over the file.
 * @throws {ConfigError}
 */
export function readConfig({ args, env, readFile }: ConfigSources): Invocation {
  const every = Object.keys(ALL);
  const flagged = every.filter((name) => !FILE_ONLY.includes(name));
  const { flags, words } = readFlags(args, {
    valued: [...flagged.filter((name) => !isToggle(name)), "config"],
    switches: [...flagged.filter(isToggle), "help", "version"],
  });
  const [name, ...rest] = words;
  if (flags.has("version")) return { kind: "version" };
  const kind = commandNamed(name ?? "serve");
  if (flags.has("help")) return { kind: "help", command: name === undefined ? undefined : kind };
  const { settings, wordsMax }: Command = COMMANDS[kind];
  if (rest.length > wordsMax) {
    const takes = wordsMax === 0 ? "no words" : `no more than ${wordsMax}`;
    throw new ConfigError(`Cannot use ${rest[wordsMax]}: ${kind} takes ${takes}`);
  }
  const known = [...namesOf(settings), "config"];
  const stray = [...flags.keys()].find((flag) => !known.includes(flag));
  if (stray !== undefined) {
    throw new ConfigError(
      `Cannot use --${stray}: ${kind} has no such flag, see tickwire ${kind} --help`,
    );
  }
  const path = flags.get("config")?.at(-1) ?? env["TICKWIRE_CONFIG"];
  const file = readSettingsFile(path, every, readFile);
  const given = gather(namesOf(settings), { flags, env, file });
  const parsed = settings.safeParse(
    Object.fromEntries([...given].map(([name, { value }]) => [name, value])),
  );
  if (!parsed.success) throw refusal(parsed.error.issues[0]!, given);
  if (kind === "serve") checkTogether(given);
  // The compiler cannot derive the settings of `kind` from COMMANDS.
  const config = parsed.data as Config;
  if (config.check) return { kind: "check", config, report: reportOf(config, given, file) };
  return { kind, config, words: rest } as Run<typeof kind> as Invocation;
}

function commandNamed(name: string): CommandName {
  if (Object.hasOwn(COMMANDS, name)) return name as CommandName;
  const meant = suggest(name, Object.keys(COMMANDS));
  throw new ConfigError(
    `Cannot run ${name}: there is no such command${meant}, see tickwire --help`,
  );
}

/** Whether a setting is a flag without a value. */
export function isToggle(name: string): boolean {
  return ALL[name]!.safeParse(true).success;
}

function namesOf(settings: z.ZodObject): string[] {
  return Object.keys(settings.shape);
}

function gather(
  names: readonly string[],
  { flags, env, file }: { flags: Flags["flags"]; env: ConfigSources["env"]; file: SettingsFile },
): Map<string, Given> {
  const given = new Map<string, Given>();
  for (const name of names) {
    const { path, settings = {} } = file;
    if (Object.hasOwn(settings, name)) {
      given.set(name, { value: settings[name], source: "file", place: `${name} of ${path}` });
    }
    if (FILE_ONLY.includes(name)) continue;
    const isList = REPEATABLE.includes(name);
    const variable = `TICKWIRE_${name.toUpperCase().replaceAll("-", "_")}`;
    const text = env[variable]?.trim() ?? "";
    if (text !== "" || env[variable]) {
      const value = isList ? text.split(/\s+/) : env[variable];
      given.set(name, { value, source: "environment", place: variable });
    }
    const values = flags.get(name);
    if (values !== undefined) {
      given.set(name, {
        value: isList ? values : isToggle(name) ? true : values.at(-1),
        source: "flag",
        place: `--${name}`,
      });
    }
  }
  return given;
}

/** @throws {ConfigError} for a setting without the one that it needs */
function checkTogether(given: ReadonlyMap<string, Given>): void {
  for (const [setting, needs] of TOGETHER) {
    const place = given.get(setting)?.place;
    if (place === undefined || given.has(needs)) continue;
    throw new ConfigError(`Cannot use ${place}: it needs --${needs} as well`);
  }
}

/** The error for the first invalid setting, with its source. */
function refusal({ path, message }: z.core.$ZodIssue, given: ReadonlyMap<string, Given>) {
  const [name, ...inside] = path.map(String) as [string, ...string[]];
  const { place, value } = given.get(name) ?? { place: name, value: undefined };
  const wrong = inside.reduce<unknown>((part, key) => Object(part)[key], value);
  // The name of a list is clear enough; a value inside an object needs its path.
  const within = FILE_ONLY.includes(name) ? inside.map((key) => `.${key}`).join("") : "";
  const shown = SECRET.includes(name)
    ? MASK
    : maskSecrets(JSON.stringify(within === "" ? value : wrong) ?? "nothing").slice(0, 200);
  const reason = message.replace(/^Invalid input: /, "").replace(
    /^[A-Z](?=[a-z])/,
    (letter) => letter.toLowerCase(),
  );
  return new ConfigError(`Cannot use ${place.replace(name, name + within)} ${shown}: ${reason}`);
}

function reportOf(config: Config, given: ReadonlyMap<string, Given>, file: SettingsFile): Report {
  const settings = Object.entries(config).map(([name, value]) => {
    const { source = "default", value: asGiven = {} } = given.get(name) ?? {};
    const shown = FILE_ONLY.includes(name) ? asGiven : shownValue(name, value);
    return [name, { value: shown, source }];
  });
  return {
    file: file.settings === undefined ? null : file.path,
    settings: Object.fromEntries(settings),
  };
}

function shownValue(name: string, value: Config[keyof Config]): unknown {
  const mask = (text: unknown) =>
    typeof text !== "string" ? text : SECRET.includes(name) ? MASK : maskSecrets(text);
  return Array.isArray(value) ? value.map(mask) : mask(value);
}
