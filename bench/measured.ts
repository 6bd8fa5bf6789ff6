/** Starts servers as processes and measures their resources. Linux only: it reads /proc. */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url).href);
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  bun: ["bun", "src/main.ts"],
  deno: ["deno", "run", "-A", "--quiet", "--no-lock", "src/main.ts"],
};
const CLOCK_TICKS_PER_SECOND = 100;
const PATIENCE_MS = 20_000;
const STOP_MS_MAX = 3_000;
/** Characters of a server's log to show after an error. */
const LOG_LENGTH_MAX = 2_000;

/** The runtimes in node_modules come before those of the machine. */
export const ENVIRONMENT = {
  ...process.env,
  NO_COLOR: "1",
  PATH: [join(ROOT, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
};

export interface Measured {
  readonly pid: number;
  readonly port: number;
  readonly http: string;
  readonly ws: string;
  /** Milliseconds from the start to the first answer. */
  readonly startMs: number;
  stop(): Promise<void>;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** A path whose answer is not a server error once the server is ready. */
  readonly ready: string;
}

const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(130));
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** CPU seconds of a process and its descendants. */
export function cpuOf(pid: number): number {
  return sum(familyOf(pid), (each) => {
    const fields = statOf(each);
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  });
}

/** Resident megabytes of a process and its descendants. */
export function rssOf(pid: number): number {
  return sum(familyOf(pid), (each) => {
    const status = readFileSync(`/proc/${each}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024;
  });
}

/** A free port. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Starts a child process that ends with this one. */
export function start(program: string, args: readonly string[], stdio: StdioOptions): ChildProcess {
  const child = spawn(program, args, { cwd: ROOT, env: ENVIRONMENT, stdio });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/**
 * Starts a server in its own folder and waits until it is ready.
 * @param given its port; any port by default
 */
export async function startServer(
  command: (port: number, folder: string) => Command,
  given?: number,
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-bench-"));
  const port = given ?? await freePort();
  const { program, args, ready } = command(port, folder);
  const begun = performance.now();
  const server = start(program, args, ["ignore", "ignore", "pipe"]);
  const exited = new Promise((resolve) => server.once("exit", resolve));
  let log = "";
  server.stderr!.on("data", (text) => log = `${log}${text}`.slice(-LOG_LENGTH_MAX));
  const http = `http://127.0.0.1:${port}`;
  while (!await fetch(`${http}${ready}`).then(({ status }) => status < 500, () => false)) {
    if (server.exitCode !== null || performance.now() - begun > PATIENCE_MS) {
      server.kill("SIGKILL");
      throw new Error(`Cannot measure: ${program} is not ready\n${log}`);
    }
    await wait(1);
  }
  const startMs = performance.now() - begun;
  return {
    pid: server.pid!,
    port,
    http,
    ws: `ws://127.0.0.1:${port}`,
    startMs,
    async stop() {
      if (server.exitCode !== null) process.stderr.write(`${program} has ended\n${log}`);
      server.kill("SIGTERM");
      const impatient = setTimeout(() => server.kill("SIGKILL"), STOP_MS_MAX);
      await exited;
      clearTimeout(impatient);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Starts tickwire on a runtime or as an executable, with its own tape. */
export function startMeasured(runtime: string, flags: readonly string[]): Promise<Measured> {
  return startServer((port, folder) => {
    const [program, ...first] = COMMANDS[runtime] ?? [runtime];
    const tape = `sqlite:${join(folder, "tape.db")}`;
    const own = ["--port", String(port), "--tape", tape, "--drain", "0"];
    return { program: program!, args: [...first, ...own, ...flags], ready: "/readyz" };
  });
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0);
}

/** A process and its descendants; nginx, for example, works in children. */
export function familyOf(pid: number): number[] {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((name) => {
    try {
      return Number(statOf(Number(name))[1]) === pid;
    } catch (_) {
      // The process has ended meanwhile.
      return false;
    }
  });
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}

/** The fields of /proc/PID/stat after the name of the program. */
function statOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
}
