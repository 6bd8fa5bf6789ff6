/**
 * tickwire beside its peers: `bun bench/run.ts`, see README.md. Prints what was measured as tables in
 * Markdown, and what goes on meanwhile to standard error.
 */
import { cpus } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { print } from "./measured.ts";
import { measure, type Settings } from "./scenario.ts";
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
  start,
];

const { values } = parseArgs({
  options: {
    only: { type: "string", default: SCENARIOS.map(({ name }) => name).join() },
    servers: { type: "string", default: "" },
    repeat: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
  },
});

const settings: Settings = {
  repeat: Number(values.repeat),
  seconds: Number(values.seconds),
  wanted: values.servers,
  note: (text) => void process.stderr.write(`  ${text}\n`),
};
const begun = performance.now();
for (const name of values.only.split(",")) {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) {
    throw new Error(
      `Cannot measure ${name}: it is none of ${SCENARIOS.map(({ name }) => name).join(", ")}`,
    );
  }
  settings.note(scenario.name);
  const measured = await measure(scenario.cases, settings);
  const goals = scenario.goals((name, figure) => measured.get(name)?.[figure] ?? NaN);
  print(`### ${scenario.name}: ${scenario.title}\n`);
  print(`${figuresTable(scenario, measured)}\n\n${goalsTable(goals)}\n`);
}
const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
print(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]!.model}, ` +
    `${values.repeat} runs of ${values.seconds} s each, medians, ${minutes} minutes`,
);
process.exit(0);
