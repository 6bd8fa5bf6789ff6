/**
 * Compares tickwire with its peers: `bun bench/run.ts`, see README.md. Prints results as tables in
 * Markdown, and the progress to standard error.
 */
import { spawnSync } from "node:child_process";
import { cpus, loadavg, release } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { ENVIRONMENT, print } from "./measured.ts";
import { measure, type Settings } from "./scenario.ts";
import { burst } from "./scenarios/burst.ts";
import { columns } from "./scenarios/columns.ts";
import { connections } from "./scenarios/connections.ts";
import { fanout } from "./scenarios/fanout.ts";
import { ingest } from "./scenarios/ingest.ts";
import { latency } from "./scenarios/latency.ts";
import { stalled } from "./scenarios/stalled.ts";
import { start } from "./scenarios/start.ts";
import { symbols } from "./scenarios/symbols.ts";
import { throughput } from "./scenarios/throughput.ts";
import { figuresTable, goalsTable } from "./table.ts";

const SCENARIOS = [
  fanout,
  throughput,
  symbols,
  latency,
  connections,
  ingest,
  columns,
  stalled,
  burst,
  start,
];
const NAMES = SCENARIOS.map(({ name }) => name);

const { values } = parseArgs({
  options: {
    only: { type: "string", default: NAMES.join() },
    servers: { type: "string", default: "" },
    repeat: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
  },
});
const names = values.only.split(",");
const unknown = names.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`Cannot measure ${unknown.join(", ")}: there are ${NAMES.join(", ")}\n`);
  process.exit(2);
}

const settings: Settings = {
  repeat: Number(values.repeat),
  seconds: Number(values.seconds),
  wanted: values.servers,
  note: (text) => void process.stderr.write(`  ${text}\n`),
};
const begun = performance.now();
const conditions = [
  new Date().toISOString().slice(0, 10),
  `${cpus().length} × ${cpus()[0]!.model.trim()}`,
  `Linux ${release()}`,
  ...["bun", "deno", "node"].map(version),
  `load average ${loadavg()[0]!.toFixed(1)} before`,
  `medians of ${settings.repeat} runs of ${settings.seconds} s`,
];
for (const scenario of SCENARIOS.filter(({ name }) => names.includes(name))) {
  settings.note(`${scenario.name}: ${scenario.title}`);
  const measured = await measure(scenario.cases, settings);
  const goals = scenario.goals((name, figure) => measured.get(name)?.[figure] ?? NaN);
  print(`### ${scenario.name}: ${scenario.title}\n`);
  print(`${figuresTable(scenario, measured)}\n\n${goalsTable(goals)}\n`);
}
const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
print(`${conditions.join(", ")}; ${minutes} minutes in all.`);
process.exit(0);

function version(program: string): string {
  const { stdout } = spawnSync(program, ["--version"], { env: ENVIRONMENT, encoding: "utf8" });
  return `${program} ${/\d[\d.]+/.exec(stdout ?? "")?.[0] ?? "–"}`;
}
