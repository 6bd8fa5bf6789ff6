/**
 * One server of several processes: `bun bench/workers.ts [bun|deno] [cost] [chaos=SECONDS]`. `cost`
 * prints the CPU time per update with two workers, one process and others, and the memory of one
 * more worker; `chaos` kills a worker or the first process every ten seconds, and prints lost and
 * doubled ticks and clients' gaps. Linux.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process, { argv } from "node:process";
import { COLUMNS, fanOutCase } from "./fan_out.ts";
import { familyOf, print, rssOf, startMeasured, wait } from "./measured.ts";
import { underFire } from "./replica_chaos.ts";
import { type Place, places } from "./replica_set.ts";
import { measure } from "./scenario.ts";
import { bareBun, type Fed, nchan, type Server, tickwire } from "./servers.ts";

const WORKERS = 2;
/** The distance between frames is fixed, because less busy processes would send more frames. */
const FLUSH = ["--flush", "10"];

const [runtime = "bun", ...given] = argv.slice(2);
const parts = given.length > 0 ? given : ["cost", "chaos=120"];

async function allServe(http: string, count: number): Promise<void> {
  const isComplete = async () => {
    const text = await (await fetch(`${http}/metrics`)).text();
    return Number(/^tickwire_workers (\d+)$/m.exec(text)?.[1] ?? 0) === count;
  };
  while (!await isComplete().catch(() => false)) await wait(50);
}

function withWorkers(count: number): Server {
  const flags = count === 0 ? FLUSH : [...FLUSH, "--workers", String(count)];
  const start = async (): Promise<Fed> => {
    const server = await startMeasured(runtime, ["--feed", "none", ...flags]);
    await allServe(server.http, count);
    return { ...server, feedPort: server.port };
  };
  return { ...tickwire(runtime), name: `tickwire, ${runtime}, --workers ${count}`, start };
}

async function cost(): Promise<void> {
  const load = { clients: { count: 500 }, ticks: { rate: 500, symbols: 8, slice: 10 } };
  const servers = [withWorkers(0), withWorkers(WORKERS), bareBun, nchan];
  const cases = servers.map((server) => fanOutCase(server.name, server, load));
  const note = (text: string) => void process.stderr.write(`  ${text}\n`);
  const measured = await measure(cases, { repeat: 3, seconds: 3, wanted: "", note });
  for (const [name, figures] of measured) {
    const texts = COLUMNS.map((column) =>
      `${figures[column.name]?.toFixed(column.decimals)} ${column.title}`
    );
    print(`${name}: ${texts.join(", ")}`);
  }
  const memory: number[] = [];
  for (const count of [1, WORKERS]) {
    const server = await withWorkers(count).start();
    await wait(2_000);
    memory.push(rssOf(server.pid));
    await server.stop();
  }
  print(`one more worker: ${(memory[1]! - memory[0]!).toFixed(0)} MB resident`);
}

/** The first process and its workers; a runtime may be a child of its package's script. */
function familyIn({ server }: Place): { first: number; workers: number[] } {
  const all = familyOf(server!.pid);
  const parts = all.map((pid) => ({ first: pid, workers: familyOf(pid).slice(1) }));
  return parts.findLast(({ workers }) => workers.length >= WORKERS)!;
}

async function chaos(seconds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-workers-"));
  const flags = [...FLUSH, "--workers", String(WORKERS)];
  const [place] = await places({ runtime, folder }, 1, flags) as [Place];
  await allServe(place.http, WORKERS);
  const orphans: number[] = [];
  await underFire([place, place, place], seconds, async (kills) => {
    const { first, workers } = familyIn(place);
    if (kills % 2 === 1) return void process.kill(workers[kills % workers.length]!, "SIGKILL");
    process.kill(first, "SIGKILL");
    await wait(1_000);
    orphans.push(...workers.filter(isRunning));
    await place.start();
  });
  print(`${orphans.length} workers still running a second after their first process was killed`);
  place.kill();
  rmSync(folder, { recursive: true });
}

/** A zombie, whose parent has not waited for it, counts as ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

print(`${runtime}:`);
if (parts.includes("cost")) await cost();
const lasting = parts.find((part) => part.startsWith("chaos"));
if (lasting !== undefined) await chaos(Number(lasting.split("=")[1] ?? 120));
process.exit(0);
