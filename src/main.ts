import { existsSync, readFileSync } from "node:fs";
import { hostname, uptime } from "node:os";
import process from "node:process";
import project from "../package.json" with { type: "json" };
import { checkParts, createApp } from "./app.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { helpText } from "./config/help.ts";
import { createLog } from "./logger.ts";
import { FORM_OPTION_NAMES } from "./records/form_options.ts";
import { ListenError } from "./runtime/listener.ts";
import { listen } from "./runtime/listen.ts";
import { TapeError } from "./store/tape_error.ts";
import { exportHistory } from "./terminal/export.ts";
import { inspectFile } from "./terminal/inspect.ts";
import { importFiles } from "./terminal/import.ts";
import { send } from "./terminal/send.ts";
import { CommandError } from "./terminal/server.ts";
import { processTerminal, type Terminal } from "./terminal/terminal.ts";
import { watch } from "./terminal/watch.ts";

const { version } = project;
const print = (line: string) => void process.stdout.write(`${line}\n`);
const complain = (line: string) => void process.stderr.write(`${line}\n`);
// Standard output is for answers, so the log goes to standard error.
const log = createLog(Date.now, complain);

const HEALTH_TIMEOUT_MS = 3_000;
/** The tape that a server has unless it is told otherwise. */
const DEFAULT_FILE = "./data/tickwire.db";

async function serve(config: Config): Promise<void> {
  const app = createApp(config, {
    version,
    log,
    bootId: bootId(),
    holder: `process ${process.pid} on ${hostname()}`,
    environment: process.env,
    now: Date.now,
    elapsed: () => performance.now(),
    random: Math.random,
    memoryBytes: () => process.memoryUsage.rss(),
  });
  const listening = await listen({
    host: config.host,
    port: config.port,
    fetch: app.fetch,
    upgrade: app.upgrade,
  });
  app.start();
  log.info(`tickwire ${version} serves on ${address(listening.host, listening.port)}`);
  let stopping = false;
  const stop = async () => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info("Stopping");
    await app.stop();
    await Promise.race([listening.close(), new Promise((done) => setTimeout(done, 500))]);
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());
}

/** Linux names each run of the machine; elsewhere it is known by the minute in which it began. */
function bootId(): string {
  const path = "/proc/sys/kernel/random/boot_id";
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  return `${hostname()} ${Math.round((Date.now() / 1_000 - uptime()) / 60)}`;
}

/** Exit code 0 if a server on this machine serves. */
async function health({ host, port }: Pick<Config, "host" | "port">): Promise<void> {
  const url = `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}/healthz`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    print(await response.text());
  } catch (error) {
    complain(`Cannot reach ${url}: ${(error as Error).message}`);
    process.exit(1);
  }
}

/** Runs a command that talks to a server; how it ends is the exit code. */
async function run(command: (terminal: Terminal) => Promise<void>): Promise<void> {
  const terminal = processTerminal();
  try {
    await command(terminal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    terminal.complain(error.message);
    process.exit(1);
  }
  process.exit(0);
}

/** The address to open: a wildcard address is reached on this machine. */
function address(host: string, port: number): string {
  const local = ["0.0.0.0", "::", "127.0.0.1"].includes(host) ? "localhost" : host;
  return `http://${local.includes(":") ? `[${local}]` : local}:${port}`;
}

function readSettings(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new ConfigError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** The options that say how records are written, as far as they are given. */
function formOptions(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = FORM_OPTION_NAMES.filter((name) => config[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, String(config[name])]));
}

async function main(): Promise<void> {
  const invocation = readConfig({
    args: process.argv.slice(2),
    env: process.env,
    readFile: readSettings,
  });
  switch (invocation.kind) {
    case "serve":
      return await serve(invocation.config);
    case "health":
      return await health(invocation.config);
    case "watch":
      return await run((terminal) =>
        watch(terminal, { ...invocation.config, symbols: invocation.words })
      );
    case "send":
      return await run((terminal) =>
        send(terminal, {
          ...invocation.config,
          file: invocation.words[0],
          form: formOptions(invocation.config),
        })
      );
    case "import":
      return await run((terminal) =>
        importFiles(terminal, {
          ...invocation.config,
          files: invocation.words,
          form: formOptions(invocation.config),
          isDry: invocation.config["dry-run"],
        })
      );
    case "export":
      return await run((terminal) => exportHistory(terminal, invocation.config));
    case "inspect": {
      const [file = DEFAULT_FILE] = invocation.words;
      return await run((terminal) => inspectFile(terminal, { ...invocation.config, file }));
    }
    case "check":
      checkParts(invocation.config, process.env);
      return print(JSON.stringify(invocation.report, null, 2));
    case "help":
      return print(helpText(version, invocation.command));
    case "version":
      return print(version);
  }
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof RangeError ||
    error instanceof ListenError || error instanceof TapeError;
  if (expected) complain(error.message);
  else log.error("Cannot start", error);
  process.exit(1);
});
