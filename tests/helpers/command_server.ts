import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { type Invocation, readConfig } from "../../src/config.ts";
import { helpText } from "../../src/config/help.ts";
import { FORM_OPTION_NAMES } from "../../src/records/form_options.ts";
import { backup } from "../../src/terminal/backup.ts";
import { cancel } from "../../src/terminal/cancel.ts";
import { exportHistory } from "../../src/terminal/export.ts";
import { health } from "../../src/terminal/health.ts";
import { importFiles } from "../../src/terminal/import.ts";
import { inspectFile } from "../../src/terminal/inspect.ts";
import { restore } from "../../src/terminal/restore.ts";
import { send } from "../../src/terminal/send.ts";
import { watch } from "../../src/terminal/watch.ts";
import { FakeTerminal } from "../terminal/fake_terminal.ts";
import { until } from "./until.mjs";

/**
 * A folder with a program `tickwire` that sends its arguments to this process. So a shell can run
 * many commands, with pipes and files, in the time that one process takes to start.
 */
export class CommandServer {
  readonly bin: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  /** @param env settings of all commands, such as `TICKWIRE_URL` */
  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.bin = join(folder, "bin");
    this.#env = env;
    mkdirSync(this.bin);
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port } = this.#server.address() as { port: number };
    this.program("tickwire", [
      `words="${this.bin}/words.$$"`,
      `printf '%s\\0' "$@" > "$words"`,
      `[ -p /dev/stdin ] && input=@- || input=`,
      `exec curl -s --fail-with-body -H "words: $words" -H "cwd: $PWD" --data-binary "$input" ` +
      `http://127.0.0.1:${port}`,
    ]);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }

  program(name: string, lines: readonly string[]): void {
    const path = join(this.bin, name);
    writeFileSync(path, ["#!/bin/sh", ...lines, ""].join("\n"));
    chmodSync(path, 0o755);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const args = readFileSync(request.headers["words"] as string, "utf8").split("\0").slice(0, -1);
    const terminal = new FakeTerminal();
    terminal.input = { stream: request, isKeyboard: false };
    const before = process.cwd();
    process.chdir(request.headers["cwd"] as string);
    let fault = "";
    try {
      const readFile = (path: string) => existsSync(path) ? readFileSync(path, "utf8") : undefined;
      await run(terminal, readConfig({ args, env: this.#env, readFile }));
    } catch (error) {
      fault = `${(error as Error).message}\n`;
    } finally {
      process.chdir(before);
    }
    response.statusCode = fault === "" ? 200 : 400;
    const complaints = terminal.complaints.map((line) => `${line}\n`).join("");
    response.end(Buffer.concat([
      ...(terminal.bytes.length > 0 ? terminal.bytes : [Buffer.from(terminal.output)]),
      Buffer.from(complaints + fault),
    ]));
  }
}

/** Runs a command as main.ts does. */
async function run(terminal: FakeTerminal, invocation: Invocation): Promise<void> {
  const { config = {}, words = [] } = invocation as {
    config?: Record<string, unknown>;
    words?: readonly string[];
  };
  const given = FORM_OPTION_NAMES.filter((name) => config[name] !== undefined);
  const form = Object.fromEntries(given.map((name) => [name, String(config[name])]));
  const file = words[0] ?? "./data/tickwire.db";
  switch (invocation.kind) {
    case "health":
      return await health(terminal, invocation.config);
    case "watch": {
      const watching = watch(terminal, { ...invocation.config, symbols: words });
      if (!invocation.config.once) {
        await until("there is a row", () => terminal.output.includes("\n"));
        terminal.interrupt();
      }
      return await watching;
    }
    case "send":
      return await send(terminal, { ...invocation.config, file: words[0], form });
    case "import": {
      const isDry = invocation.config["dry-run"];
      return await importFiles(terminal, { ...invocation.config, files: words, form, isDry });
    }
    case "cancel": {
      const isDry = invocation.config["dry-run"];
      return await cancel(terminal, { ...invocation.config, symbol: words[0], isDry });
    }
    case "export":
      return await exportHistory(terminal, invocation.config);
    case "inspect":
      return await inspectFile(terminal, { ...invocation.config, file });
    case "backup":
      return await backup(terminal, { ...invocation.config, file });
    case "restore":
      return await restore(terminal, { ...invocation.config, file });
    case "check":
      return await terminal.write(JSON.stringify(invocation.report, null, 2));
    case "help":
      return await terminal.write(helpText("test", invocation.command));
    case "version":
      return await terminal.write("test");
    default:
      throw new TypeError(`Cannot run ${invocation.kind} here`);
  }
}
