// Runs every check of the project and counts their tests:
//   node tests/run.mjs                          everything
//   node tests/run.mjs NAME…                    single steps, or the tests in a file or folder
//   node tests/run.mjs unit                     the tests that start no server, on Bun
//   node tests/run.mjs bun FILE…                the tests in files or folders, on one runtime
//   node tests/run.mjs --repeat 20 NAME…        so many times, and says how often each test failed
//   node tests/run.mjs --jobs 1 NAME…           one after the other (by default two for each core)
// deno-lint-ignore-file no-console

import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, join, posix } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { inParallel, runJob } from "./helpers/jobs.mjs";
import { bunResults, checkResults, denoResults, failedOutput } from "./helpers/results.mjs";

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string[]} command
 * @property {string[][]} [parts] more arguments, for each of which the command is run; without it, it is run once
 * @property {(output: string) => import("./helpers/results.mjs").Results} [read] without it, it is one test
 * @property {Record<string, string>} [needs] Debian package by the command that it brings
 * @property {Record<string, string>} [wants] the same, without which some of its tests are skipped
 * @property {string} [after] the step that has to be done before it
 *
 * @typedef {{ passed: number, failures: string[], note: string, seconds: number }} Outcome
 * @typedef {{ step: Step, part: string[] }} Job
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url).href);
const APT_MS_MAX = 10 * 60 * 1000;

/** Both runtimes get the same list, so that neither finds fewer tests than the other. */
const testFiles = readdirSync(join(ROOT, "tests"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith("_test.ts") && !path.startsWith("browser"))
  .map((path) => `./tests/${path}`)
  .sort();

/** Folders of tests that start servers: they take longer, each in a process of its own. */
const WITH_SERVERS = /\/(conformance|documents)$/;

const wants = { mosquitto: "mosquitto", "nats-server": "nats-server" };

/** @type {Record<"deno" | "bun", (files: string[]) => Step>} */
const RUNTIMES = {
  deno: (files) => ({
    name: "deno",
    command: ["deno", "test", "-A", "--no-check", "tests/helpers/together.ts", "--"],
    parts: partsOf(files),
    read: denoResults,
    wants,
  }),
  bun: (files) => ({
    name: "bun",
    // Its own limit of five seconds is too short for a busy machine.
    command: ["bun", "test", "--timeout", "120000"],
    parts: partsOf(files),
    read: bunResults,
    wants,
  }),
};
const read = checkResults;
const chromium = { read, needs: { "chromium-headless-shell": "chromium-headless-shell" } };

/** @type {Step[]} */
const PROGRAMS = [
  {
    name: "browser",
    command: ["node", "tests/browser/page.mjs"],
    parts: [["1/4"], ["2/4"], ["3/4"], ["4/4"]],
    ...chromium,
  },
  { name: "openbb", command: ["node", "tests/browser/openbb.mjs"], ...chromium },
  { name: "listeners", command: ["node", "tests/browser/listeners.mjs"], ...chromium },
  { name: "executable", command: ["bun", "tests/executable.mjs"], read, after: "build" },
  {
    name: "container",
    command: ["node", "tests/container.mjs"],
    read,
    needs: { buildah: "buildah" },
    after: "build",
  },
];

/** What takes longest begins first. @type {Step[]} */
const STEPS = [
  { name: "build", command: ["deno", "task", "build"] },
  ...PROGRAMS,
  RUNTIMES.deno(testFiles),
  RUNTIMES.bun(testFiles),
  { name: "types", command: ["deno", "check", "src", "static", "tests", "bench"] },
  { name: "format", command: ["deno", "fmt", "--check"] },
  { name: "lint", command: ["deno", "lint"] },
];

/** What is quick enough to be run before every commit. @type {Step} */
const UNIT = {
  ...RUNTIMES.bun(testFiles.filter((file) => !WITH_SERVERS.test(posix.dirname(file)))),
  name: "unit",
};

const env = {
  ...process.env,
  PATH: [join(ROOT, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
  NO_COLOR: "1",
};

const { times, width, steps } = readCommand();
const startedAt = performance.now();
/** @type {Map<Step, Outcome[]>} */
const outcomes = new Map(steps.map((step) => [step, []]));
for (const step of steps) install(step.wants ?? {});
for (let round = 1; round <= times; round++) {
  if (times > 1) console.log(`\n=== ${round} of ${times}`);
  await runAll();
}
console.log(`\n${steps.map(row).join("\n")}`);
console.log(`all of it ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
const failures = countFailures();
if (failures.length > 0) console.log(`${failures.join("\n")}\n`);
const { passed, failed } = sums([...outcomes.values()].flat());
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** @returns {{ times: number, width: number, steps: Step[] }} */
function readCommand() {
  try {
    const options = /** @type {const} */ ({
      repeat: { type: "string", default: "1" },
      // Most of the tests wait for something most of the time.
      jobs: { type: "string", default: `${2 * availableParallelism()}` },
    });
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    for (const [name, value] of Object.entries(values)) {
      if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${name} ${value}: it is not a number`);
    }
    const steps = positionals.length === 0 ? STEPS : choose(positionals);
    return { times: Number(values.repeat), width: Number(values.jobs), steps };
  } catch (error) {
    console.error(`Cannot run ${error instanceof Error ? error.message : error}`);
    process.exit(2);
  }
}

/**
 * Steps by their names, and the tests in files and folders, on both runtimes unless one is named.
 * @param {string[]} names
 * @returns {Step[]}
 */
function choose(names) {
  const known = [...STEPS, UNIT];
  const isStep = (/** @type {string} */ name) => known.some((step) => step.name === name);
  const paths = names.filter((name) => !isStep(name));
  const isIn = (/** @type {string} */ file, /** @type {string} */ path) =>
    `${posix.normalize(file)}/`.startsWith(`${posix.normalize(path).replace(/\/$/, "")}/`);
  const isMeant = (/** @type {string} */ file) => paths.some((path) => isIn(file, path));
  const files = testFiles.filter(isMeant);
  const programs = PROGRAMS.filter(({ command }) => isMeant(command[1] ?? ""));
  const all = [...files, ...programs.map(({ command }) => command[1] ?? "")];
  const unknown = paths.filter((path) => !all.some((file) => isIn(file, path)));
  if (unknown.length > 0) {
    const steps = known.map(({ name }) => name).join(", ");
    throw new Error(`${unknown.join(", ")}: neither tests, nor one of the steps ${steps}`);
  }
  const kinds = /** @type {const} */ (["deno", "bun"]);
  const named = kinds.filter((kind) => names.includes(kind));
  const isNamed = (/** @type {Step} */ { name }) =>
    names.includes(name) && !(paths.length > 0 && named.some((kind) => kind === name));
  const runtimes = named.length > 0 ? named : kinds;
  return [
    ...known.filter(isNamed),
    ...programs.flatMap((program) => onEach(program, runtimes)),
    ...(files.length > 0 ? runtimes.map((kind) => RUNTIMES[kind](files)) : []),
  ];
}

/**
 * The browser talks to a server on each runtime.
 * @param {Step} program
 * @param {readonly string[]} runtimes
 * @returns {Step[]}
 */
function onEach(program, runtimes) {
  if (program.needs !== chromium.needs) return [program];
  return runtimes.map((kind) => ({
    ...program,
    name: `${program.name} ${kind}`,
    command: [...program.command, kind],
  }));
}

/**
 * Tests that talk to servers run by themselves, the others by the folder in `tests`: a process for each file would
 * cost more than most of them. What has most text begins first, because it takes longest as a rule.
 * @param {string[]} files
 * @returns {string[][]}
 */
function partsOf(files) {
  /** @type {Map<string, string[]>} */
  const parts = new Map();
  for (const file of files) {
    const folder = posix.dirname(file);
    const name = WITH_SERVERS.test(folder) ? file : folder.split("/", 3).join("/");
    parts.set(name, [...parts.get(name) ?? [], file]);
  }
  const lengthOf = (/** @type {string[]} */ part) =>
    part.reduce((sum, file) => sum + statSync(join(ROOT, file)).size, 0);
  return [...parts.values()].sort((a, b) => lengthOf(b) - lengthOf(a));
}

/** Runs all steps, several of their parts at once. */
async function runAll() {
  const known = new Set(steps.map(({ name }) => name));
  const left = new Map(steps.map(({ name, parts }) => [name, parts?.length ?? 1]));
  const jobs = steps.flatMap((step) => (step.parts ?? [[]]).map((part) => ({ step, part })));
  const isReady = (/** @type {Job} */ { step: { after } }) =>
    after === undefined || !known.has(after) || left.get(after) === 0;
  await inParallel(jobs, width, isReady, async (job) => {
    const { step, part } = job;
    const outcome = install(step.needs ?? {}) ?? await run(job);
    outcomes.get(step)?.push(outcome);
    left.set(step.name, (left.get(step.name) ?? 0) - 1);
    const what = [step.name, ...new Set(part.length > 1 ? part.map(posix.dirname) : part)];
    console.log(`${cells(what.join(" "), outcome)}${outcome.note && `  ${outcome.note}`}`);
  });
}

/** @param {Job} job @returns {Promise<Outcome>} */
async function run({ step: { name, command, read }, part }) {
  const { output, fault, seconds } = await runJob([...command, ...part], { cwd: ROOT, env });
  const results = read?.(output) ?? { passed: fault === "" ? 1 : 0, failures: [] };
  // A runner can fail without a failed test.
  const failures = fault === "" || results.failures.length > 0
    ? results.failures
    : [part.length === 1 ? `${part[0]}: ${fault}` : fault];
  if (failures.length > 0) {
    const alone = [...new Set(failures.map((failure) => /^\S+_test\.ts(?=:)/.exec(failure)?.[0]))];
    console.log(`\n=== ${name} has failed\n${failedOutput(output)}`);
    console.log(`=== again: node tests/run.mjs ${[name, ...alone].join(" ").trimEnd()}\n`);
  }
  return { ...results, failures, note: fault, seconds };
}

/**
 * Installs the missing commands, where that is possible.
 * @param {Record<string, string>} needs
 * @returns {Outcome | undefined} the failure when a command is still missing
 */
function install(needs) {
  const isMissing = (/** @type {string} */ command) =>
    spawnSync("which", [command], { env }).status !== 0;
  const missing = Object.keys(needs).filter(isMissing);
  if (missing.length === 0) return undefined;

  const packages = missing.map((command) => needs[command] ?? command);
  if (process.getuid?.() === 0 && !isMissing("apt-get")) {
    /** @type {import("node:child_process").SpawnSyncOptions} */
    const options = {
      env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", "inherit"],
      timeout: APT_MS_MAX,
      killSignal: "SIGKILL",
    };
    console.log(`Installing ${packages.join(", ")}`);
    spawnSync("apt-get", ["update", "-q"], options);
    spawnSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], options);
  }
  if (!missing.some(isMissing)) return undefined;
  console.log(`Cannot run all of this step: install ${packages.join(", ")} first`);
  const note = `${missing.filter(isMissing).join(", ")} missing`;
  return { passed: 0, failures: [note], note, seconds: 0 };
}

/** How often each test has failed that did, the most frequent first. */
function countFailures() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [step, all] of outcomes) {
    for (const name of all.flatMap(({ failures }) => [...new Set(failures)])) {
      const key = `${step.name.padEnd(16)}${name}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].sort(([, a], [, b]) => b - a)
    .map(([key, count]) => `failed ${count} of ${times}  ${key}`);
}

/** @param {Outcome[]} some how many tests have passed and failed, and how long that took */
function sums(some) {
  const sum = (/** @type {(outcome: Outcome) => number} */ count) =>
    some.reduce((all, outcome) => all + count(outcome), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failures }) => failures.length),
    seconds: sum(({ seconds }) => seconds),
  };
}

/** @param {Step} step */
function row(step) {
  const some = outcomes.get(step) ?? [];
  const notes = new Set(some.map(({ note }) => note).filter(Boolean));
  return `${cells(step.name, ...some)}  ${[...notes].join(", ")}`.trimEnd();
}

/** @param {string} name @param {Outcome[]} some */
function cells(name, ...some) {
  const { passed, failed, seconds } = sums(some);
  const numbers = [`${passed} passed`, `${failed} failed`, `${seconds.toFixed(1)} s`];
  return `${name.padEnd(48)}${numbers.map((each) => each.padStart(13)).join("")}`;
}
