/** A server as a process of its own, and what it uses. Linux only: it reads /proc. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stdout } from "node:process";

const PORT = 5999;
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  bun: ["node_modules/.bin/bun", "src/main.ts"],
  deno: ["node_modules/.bin/deno", "run", "-A", "src/main.ts"],
};
const CLOCK_TICKS_PER_SECOND = 100;

export interface Measured {
  readonly pid: number;
  readonly port: number;
  readonly http: string;
  readonly ws: string;
  stop(): Promise<void>;
}

export function print(line: string): void {
  stdout.write(`${line}\n`);
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** CPU seconds that a process has used. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

/** Resident megabytes of a process. */
export function rssOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024;
}

/** Starts a server with a tape of its own and waits until it is ready. */
export async function startMeasured(runtime: string, flags: readonly string[]): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-bench-"));
  const [program, ...first] = COMMANDS[runtime] ?? [runtime];
  const own = ["--port", String(PORT), "--tape", `sqlite:${join(folder, "tape.db")}`];
  const server = spawn(program!, [...first, ...own, ...flags], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const http = `http://127.0.0.1:${PORT}`;
  for (let attempt = 0;; attempt++) {
    if (await fetch(`${http}/readyz`).then(({ ok }) => ok, () => false)) break;
    if (attempt === 400) throw new Error("Cannot measure: the server is not ready after 20 s");
    await wait(50);
  }
  return {
    pid: server.pid!,
    port: PORT,
    http,
    ws: `ws://127.0.0.1:${PORT}`,
    async stop() {
      const exited = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}
