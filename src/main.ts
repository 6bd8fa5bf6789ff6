import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import project from "../package.json" with { type: "json" };
import { ConfigError, readConfig } from "./config.ts";
import { helpText } from "./config/help.ts";
import { createLog } from "./logger.ts";
import { FORM_OPTION_NAMES } from "./records/form_options.ts";
import { ListenError } from "./runtime/listener.ts";
import { TapeError } from "./store/tape_error.ts";
import { backup } from "./terminal/backup.ts";
import { cancel } from "./terminal/cancel.ts";
import { exportHistory } from "./terminal/export.ts";
import { health } from "./terminal/health.ts";
import { importFiles } from "./terminal/import.ts";
import { inspectFile } from "./terminal/inspect.ts";
import { restore } from "./terminal/restore.ts";
import { send } from "./terminal/send.ts";
import { CommandError } from "./terminal/server.ts";
import { processTerminal, type Terminal } from "./terminal/terminal.ts";
import { watch } from "./terminal/watch.ts";

const { version } = project;
const print = (line: string) => void process.stdout.write(`${line}\n`);
const complain = (line: string) => void process.stderr.write(`${line}\n`);
// Standard output is for answers, so the log goes to standard error.
const log = createLog(Date.now, complain);

/** The default tape file of a server. */
const DEFAULT_FILE = "./data/tickwire.db";

/** Runs a command of a client. The exit code is 1 if it fails, else 0. */
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

function readSettings(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new ConfigError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** The file that the user named. @throws {ConfigError} if there is none */
function fileOf({ kind, words: [file] }: { kind: string; words: readonly string[] }): string {
  if (file !== undefined) return file;
  throw new ConfigError(`Cannot ${kind} without a file: name one, as in tickwire ${kind} FILE`);
}

/** The given options for the form of records. */
function formOptions(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = FORM_OPTION_NAMES.filter((name) => config[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, String(config[name])]));
}

/** Commands of a client begin sooner without the modules of a server. */
const server = () => import("./serve.ts");

async function main(): Promise<void> {
  const invocation = readConfig({
    args: process.argv.slice(2),
    env: process.env,
    readFile: readSettings,
  });
  switch (invocation.kind) {
    case "serve":
      return await (await server()).serve(invocation.config, { version, log, complain });
    case "health":
      return await run((terminal) => health(terminal, invocation.config));
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
    case "cancel":
      return await run((terminal) =>
        cancel(terminal, {
          ...invocation.config,
          symbol: invocation.words[0],
          isDry: invocation.config["dry-run"],
        })
      );
    case "inspect": {
      const [file = DEFAULT_FILE] = invocation.words;
      return await run((terminal) => inspectFile(terminal, { ...invocation.config, file }));
    }
    case "backup": {
      const file = fileOf(invocation);
      return await run((terminal) => backup(terminal, { ...invocation.config, file }));
    }
    case "restore": {
      const file = fileOf(invocation);
      return await run((terminal) => restore(terminal, { ...invocation.config, file }));
    }
    case "check":
      (await server()).check(invocation.config);
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
