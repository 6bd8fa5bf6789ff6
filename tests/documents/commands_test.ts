import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { readConfig } from "../../src/config.ts";
import { Authority, NO_OPENSSL } from "../helpers/authority.ts";
import { CommandServer } from "../helpers/command_server.ts";
import {
  argumentsOf,
  blocksOf,
  type Command,
  commandsOf,
  layOut,
  PAGES,
  programOf,
  serves,
  splitLine,
  textOf,
} from "../helpers/documents.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

const timeout = 120_000;

/** Values of variables in the documents. */
const ENV = {
  READ: "READ",
  WRITE: "WRITE",
  WRITE_KEY: "WRITE",
  SECRET: "0123456789abcdef0123456789abcdef",
};
/** Other tests run these: those of the container, the deployment, the executable, and run.mjs. */
const ELSEWHERE = [
  ...["git", "npm", "npx", "deno", "node", "bun", "docker", "install", "systemctl"],
  ...["helm", "kubectl", "apt-get"],
];
/** Blocks in these languages are not run. */
const LANGUAGES = [
  ...["", "caddyfile", "conversation", "csv", "js", "json", "mermaid", "nginx", "output", "python"],
  ...["sh", "toml", "yaml"],
];

/** The live grid needs a terminal of its own; `tests/conformance/terminal_test.ts` has one. */
const isGrid = (args: readonly string[]) =>
  args[0] === "watch" && !args.some((word) => /^--(?:once|json|help)$/.test(word));

/** Server commands are only parsed, commands for other tests only checked, and the rest is run. */
function kindOf({ line }: Command): "server" | "elsewhere" | "run" {
  const commands = splitLine(line, ENV);
  const ours = commands.map(argumentsOf).filter((args) => args !== undefined);
  if (ours.some((args) => serves(args) || isGrid(args))) return "server";
  if (ours.length > 0) return "run";
  return commands.some((words) => ELSEWHERE.includes(programOf(words)!)) ? "elsewhere" : "run";
}

const pages = PAGES.filter((page) => page !== "bench/README.md" && page !== "CHANGELOG.md");
const all = pages.flatMap(commandsOf);

describe("Commands of the documents", () => {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-documents-"));
  let server: TestServer;
  let commands: CommandServer;
  let authority: Authority | undefined;

  before(async () => {
    server = await startServer(
      ...["--feed", "synthetic:?history=10m", "--tape", `sqlite:${join(folder, "tape.db")}`],
    );
    commands = new CommandServer(folder, {
      TICKWIRE_URL: server.http,
      TICKWIRE_PORT: String(server.port),
    });
    await commands.open();
    commands.program("my-program", [`echo '{"symbol":"DEMO","price":1.5}'`]);
    if (NO_OPENSSL === false) authority = new Authority();
  });
  after(async () => {
    await commands?.close();
    await server?.stop();
    authority?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a line in a shell, against the server of this test. */
  async function run({ at, line, output }: Command, place: string): Promise<void> {
    const here = line.replaceAll(
      /(?:https?:\/\/)?(?:(?:localhost|127\.0\.0\.1):(?:5050|8080)|ticks\.example\.com)/g,
      server.http,
    )
      .replaceAll("authority.pem", authority?.ca ?? "")
      .replaceAll(/\bcurl /g, "curl -s --fail-with-body ");
    const { code, said } = await runLine(here, place, {
      ...{ ...process.env, ...ENV },
      PATH: [commands.bin, process.env["PATH"]].join(delimiter),
    });
    const isRefused = output?.includes('"status":4') ?? false;
    assert.ok(isRefused || code === 0, `${at}: ${line}\n${said}`);
    if (output !== undefined) matches(said, output, `${at}: ${line}`);
  }

  it("Blocks are in known languages", () => {
    const blocks = pages.flatMap(blocksOf);
    assert.ok(all.length > 80 && blocks.length > 100);
    for (const { at, language, text, file } of blocks) {
      assert.ok(LANGUAGES.includes(language), `${at}: ${language}`);
      if (language !== "json") continue;
      for (const part of file?.endsWith(".ndjson") ? text.trim().split("\n") : [text]) {
        assert.doesNotThrow(() => JSON.parse(part), at);
      }
    }
  });

  it("Settings files are valid", () => {
    const files = pages.flatMap(blocksOf).filter(({ file }) => file === "tickwire.json");
    assert.ok(files.length > 0);
    for (const { text } of files) readConfig({ args: [], env: {}, readFile: () => text });
  });

  it("Commands that start a server have valid flags", () => {
    const servers = all.filter((command) => kindOf(command) === "server");
    assert.ok(servers.length > 20);
    for (const { at, line } of servers) {
      const commands = splitLine(line, ENV);
      const args = commands.map(argumentsOf).find((args) => args !== undefined)!;
      const assigned = commands.flat().flatMap((word) => [...word.matchAll(/^([A-Z_]+)=(.*)$/g)]);
      const env = Object.fromEntries(assigned.map(([, name, value]) => [name, value]));
      const read = () => readConfig({ args, env, readFile: () => undefined });
      assert.doesNotThrow(read, `${at}: ${line}`);
    }
  });

  it("Tasks and scripts exist", () => {
    const { scripts } = JSON.parse(textOf("package.json"));
    const { tasks } = JSON.parse(textOf("deno.json"));
    const text = pages.map(textOf).join("\n");
    const named = [...text.matchAll(/\b(npm|deno task) (start|test|(?<=deno task )[a-z:]+)\b/g)];
    for (const [, tool, name] of named) {
      assert.ok(name! in (tool === "npm" ? scripts : tasks), `${tool} ${name}`);
    }
  });

  for (const page of pages) {
    const commands = commandsOf(page).filter((command) => kindOf(command) === "run");
    if (commands.length === 0) continue;
    it(`${page}: commands give the shown output`, { timeout }, async () => {
      const place = layOut(folder, page);
      mkdirSync(join(place, "data"));
      const copy = await fetch(`${server.http}/backup`);
      writeFileSync(join(place, "data", "tickwire.db"), new Uint8Array(await copy.arrayBuffer()));
      for (const command of commands) await run(command, place);
    });
  }
});

interface Ran {
  readonly code: number | null;
  /** Standard output and standard error. */
  readonly said: string;
}

function runLine(line: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  const child = spawn("sh", ["-c", line], { cwd, env });
  let said = "";
  child.stdin.end();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => said += text);
  }
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, said })));
}

/** @param pattern the expected text; an ellipsis matches any text */
function matches(text: string, pattern: string, at: string): void {
  const plain = text.trim().replaceAll("\r\n", "\n");
  const escaped = pattern.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", "[^]*?");
  assert.match(plain, new RegExp(`^${escaped}$`), at);
}
