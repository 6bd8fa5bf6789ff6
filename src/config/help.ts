import type { z } from "zod";
import {
  type Command,
  type CommandName,
  COMMANDS,
  FILE_ONLY,
  isToggle,
  REPEATABLE,
} from "../config.ts";
import { FORM_OPTION_NAMES } from "../records/form_options.ts";

interface Page {
  readonly synopsis: string;
  readonly summary: string;
  /** Commands and what they do. */
  readonly examples: readonly (readonly [command: string, does: string])[];
}

const PAGES: Readonly<Record<CommandName, Page>> = {
  serve: {
    synopsis: "tickwire [serve] [flags]",
    summary: "serve; without flags a synthetic market on localhost:5050",
    examples: [
      ["tickwire --feed none", "serve the ticks that clients send to POST /ticks"],
      ["tickwire --feed 'replay:ticks.csv?speed=60&rebase'", "play a recording"],
      [
        "tickwire --host 0.0.0.0 --write-key SECRET",
        "let other machines read; writing needs a key",
      ],
      ["tickwire --config my.json --check", "show the settings and check them"],
    ],
  },
  health: {
    synopsis: "tickwire health [flags]",
    summary: "check that the server on this machine responds",
    examples: [["tickwire health --port 8080", "check the one on port 8080"]],
  },
  watch: {
    synopsis: "tickwire watch [SYMBOL…] [flags]",
    summary: "a live grid in the terminal",
    examples: [
      ["tickwire watch 'BTC/*' AAPL", "these symbols"],
      ["tickwire watch --once", "the present board as a table"],
      ["tickwire watch --json AAPL | jq .price", "for other programs"],
    ],
  },
  send: {
    synopsis: "tickwire send [FILE] [flags]",
    summary: "send ticks from a file or standard input to a server",
    examples: [
      ["tickwire send ticks.ndjson", "a file"],
      ["my-program | tickwire send --url https://ticks.example.com --key SECRET", "a program"],
    ],
  },
  import: {
    synopsis: "tickwire import [FILE…] [flags]",
    summary: "send files of any form to a server",
    examples: [
      ["tickwire import prices.csv --symbol AAPL --dry-run", "show how the file is read"],
      [
        "tickwire import *.csv.gz --map symbol:Ticker --zone Europe/Berlin",
        "send all files, the records of each file in order",
      ],
    ],
  },
  export: {
    synopsis: "tickwire export [flags] > FILE",
    summary: "save history from a server to a file",
    examples: [
      ["tickwire export --symbol AAPL --from -1d --format arrow > aapl.arrows", "ticks of a day"],
      ["tickwire export --symbol AAPL --interval 1h > hours.csv", "bars"],
    ],
  },
  cancel: {
    synopsis: "tickwire cancel SYMBOL [flags]",
    summary: "cancel ticks that were sent by mistake",
    examples: [
      ["tickwire cancel AAPL --seq 1042 --dry-run", "show the effect of cancelling one tick"],
      ["tickwire cancel AAPL --from 2025-11-21T10:00Z --to 2025-11-21T10:05Z", "a time range"],
      ["tickwire cancel AAPLL --all --yes", "a whole symbol, without confirmation"],
    ],
  },
  inspect: {
    synopsis: "tickwire inspect [FILE] [flags]",
    summary: "show what a tape file contains, and check it for damage",
    examples: [
      ["tickwire inspect", "./data/tickwire.db; no server may have it open"],
      ["tickwire inspect old.db --json | jq .damage", "for other programs"],
    ],
  },
  backup: {
    synopsis: "tickwire backup FILE [flags]",
    summary: "save the tape of a running server to a file",
    examples: [["tickwire backup tape-of-today.db --key SECRET", "needs a key that can write"]],
  },
  restore: {
    synopsis: "tickwire restore FILE [flags]",
    summary: "make a tape from a backup, with a new epoch",
    examples: [["tickwire restore tape-of-today.db --tape sqlite:./data/tickwire.db", ""]],
  },
};

/** Groups of settings. Settings without a group are limits. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  Server: [
    "url",
    "key",
    "ca",
    "host",
    "port",
    "public-url",
    "workers",
    "flush",
    "heartbeat",
    "stalled",
    "drain",
    "check",
  ],
  What: ["seq", "from", "to", "all", "limit", "batch", "resume"],
  How: ["every", "once", "json", "yes", "dry-run"],
  Records: FORM_OPTION_NAMES,
  TLS: ["tls-cert", "tls-key", "redirect-port"],
  Tape: ["tape", "retention", "retention-size"],
  Backups: ["backup-dir", "backup-every", "backup-keep"],
  Feeds: ["feed"],
  Access: ["origin", "allowed-host", "read-key", "write-key"],
  Tokens: ["jwt-secret", "jwt-public-key", "jwks", "jwt-issuer", "jwt-audience"],
};
const OTHERS = "Limits";
const NOTES: Readonly<Record<string, readonly string[]>> = {
  Feeds: [
    "synthetic:?symbols=AAPL,MSFT&rate=1000&seed=1&history=2h",
    "replay:a.csv,b.csv.gz?speed=60&rebase&loop&map=time:Date,price:Close&from=2024-05-06",
    "stdin:?symbol=NAME&map=price:value",
    "poll:https://host/prices.json?every=10s&path=data.items&map=symbol:id,price:last",
    "ws:wss://host/stream?subscribe=TEXT&where=type:trade&map=symbol:s,price:p&id=trade_id",
    "sse:https://host/stream?event=reading&map=symbol:sensor",
    "mqtt:mqtt://host:1883?topic=plant/+/temperature&symbol={1}",
    "nats:nats://host:4222?subject=quotes.>&symbol={1}",
    "ccxt:kraken?symbols=BTC/USD,ETH/USD",
    "kraken:wss://ws.kraken.com/v2?symbols=BTC/USD,EUR/USD",
    "tickwire:wss://other:5050/ws?symbols=*&key=${KEY}&ca=authority.pem",
    "none",
  ],
};
const NAME_WIDTH = 22;

/** The text of `--help`, made from the settings. @param command the command to describe; undefined means all */
export function helpText(version: string, command?: CommandName): string {
  const pages = command === undefined ? Object.values(PAGES) : [PAGES[command]];
  const wide = Math.max(...pages.map(({ synopsis }) => synopsis.length)) + 3;
  const { settings }: Command = COMMANDS[command ?? "serve"];
  return [
    `tickwire ${version}: turns live feeds into snapshots, streams, bars and charts`,
    "",
    ...pages.map(({ synopsis, summary }) => synopsis.padEnd(wide) + summary),
    ...command === undefined
      ? ["", "tickwire COMMAND --help lists the flags of a command; the flags of serve are below."]
      : [],
    "",
    "Flags (default). Each is also a variable TICKWIRE_… and a key of tickwire.json:",
    ...groupsOf(settings).flatMap(([group, rows]) => ["", `${group}:`, ...rows]),
    "",
    row("config", "path of the settings file", "tickwire.json"),
    row("help, --version", ""),
    ...notesOf(Object.keys(settings.shape)),
    "",
    "Examples:",
    ...pages.flatMap(({ examples }) =>
      examples.flatMap(([line, does]) => [`  ${line}`, `      ${does}`])
    ),
    "",
  ].join("\n");
}

function notesOf(names: readonly string[]): string[] {
  const repeatable = REPEATABLE.filter((name) => names.includes(name)).map((name) => `--${name}`);
  const inFile = FILE_ONLY.filter((name) => names.includes(name));
  return [
    ...repeatable.length > 0 ? ["", `May be given several times: ${repeatable.join(", ")}`] : [],
    ...inFile.map((name) => `Only in the file: ${name}, see docs/settings.md`),
  ];
}

function groupsOf({ shape }: z.ZodObject): [group: string, rows: string[]][] {
  const named = [...Object.values(GROUPS).flat(), ...FILE_ONLY];
  const groups = {
    ...GROUPS,
    [OTHERS]: Object.keys(shape).filter((name) => !named.includes(name)),
  };
  return Object.entries(groups).flatMap(([group, names]) => {
    const rows = names.filter((name) => Object.hasOwn(shape, name))
      .map((name) => settingRow(name, shape[name] as z.ZodType));
    const notes = (NOTES[group] ?? []).map((note) => `      ${note}`);
    return rows.length === 0 ? [] : [[group, [...rows, ...notes]]];
  });
}

function settingRow(name: string, setting: z.ZodType): string {
  const { defaultValue } = setting.def as { defaultValue?: unknown };
  const shown = Array.isArray(defaultValue) && defaultValue.length > 1
    ? "see docs/security.md"
    : String(defaultValue ?? "") || "none";
  return row(name, setting.description ?? "", isToggle(name) ? undefined : shown);
}

function row(name: string, description: string, fallback?: string): string {
  const end = fallback === undefined ? "" : ` (${fallback})`;
  return `  ${`--${name}`.padEnd(NAME_WIDTH)} ${description}${end}`.trimEnd();
}
