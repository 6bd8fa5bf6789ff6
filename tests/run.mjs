// Runs every check of the project and counts their tests:
//   node tests/run.mjs                          everything
//   node tests/run.mjs NAME…                    single steps, or the tests in a file or folder
//   node tests/run.mjs --repeat 20 NAME…        so many times, and says how often each test failed
// deno-lint-ignore-file no-console

import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, join, posix } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bunResults, checkResults, denoResults } from "./helpers/results.mjs";

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string[]} command
 * @property {(output: string) => import("./helpers/results.mjs").Results} [read] without it, it is one test
 * @property {Record<string, string>} [needs] Debian package by the command that it brings
 * @property {Record<string, string>} [wants] the same, without which some of its tests are skipped
 *
 * @typedef {{ passed: number, failures: string[], note: string }} Outcome
 * @typedef {{ step: Step, outcome: Outcome, seconds: number }} Run
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url).href);
const STEP_MS_MAX = 20 * 60 * 1000;

/** Both runtimes get the same list, so that neither finds fewer tests than the other. */
const testFiles = readdirSync(join(ROOT, "tests"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith("_test.ts") && !path.startsWith("browser"))
  .map((path) => `./tests/${path}`)
  .sort();

const wants = { mosquitto: "mosquitto", "nats-server": "nats-server" };

/** @param {string[]} files @returns {Step[]} */
const onBoth = (files) => [
  {
    name: "deno",
    command: ["deno", "test", "-A", "--no-check", ...files],
    read: denoResults,
    wants,
  },
  {
    name: "bun",
    // Its own limit of five seconds is too short for a busy machine.
    command: ["bun", "test", "--timeout", "120000", ...files],
    read: bunResults,
    wants,
  },
];
const read = checkResults;
const chromium = { read, needs: { chromium: "chromium" } };

/** @type {Step[]} */
const PROGRAMS = [
  { name: "executable", command: ["bun", "tests/executable.mjs"], read },
  {
    name: "container",
    command: ["node", "tests/container.mjs"],
    read,
    needs: { buildah: "buildah" },
  },
  { name: "browser", command: ["node", "tests/browser/page.mjs"], ...chromium },
  { name: "openbb", command: ["node", "tests/browser/openbb.mjs"], ...chromium },
  { name: "listeners", command: ["node", "tests/browser/listeners.mjs"], ...chromium },
];

/** @type {Step[]} */
const STEPS = [
  { name: "format", command: ["deno", "fmt", "--check"] },
  { name: "lint", command: ["deno", "lint"] },
  { name: "types", command: ["deno", "check", "src", "static", "tests", "bench"] },
  ...onBoth(testFiles),
  { name: "build", command: ["deno", "task", "build"] },
  ...PROGRAMS,
];

const env = {
  ...process.env,
  PATH: [join(ROOT, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
  NO_COLOR: "1",
};

const { times, steps } = readCommand();
/** @type {Run[]} */
const runs = [];
for (let round = 1; round <= times; round++) {
  for (const step of steps) {
    const which = times > 1 ? ` (${round} of ${times})` : "";
    console.log(`\n=== ${step.name}${which}: ${step.command.slice(0, 6).join(" ")}`);
    const startedAt = performance.now();
    install(step.wants ?? {});
    const outcome = install(step.needs ?? {}) ?? await run(step, times > 1);
    const seconds = (performance.now() - startedAt) / 1000;
    runs.push({ step, outcome, seconds });
    if (times > 1) console.log(row(step.name, [{ step, outcome, seconds }]));
  }
}
console.log(
  `\n${
    steps.map(({ name }) => row(name, runs.filter(({ step }) => step.name === name))).join("\n")
  }\n`,
);
const failures = countFailures();
if (failures.length > 0) console.log(`${failures.join("\n")}\n`);
const { passed, failed } = sums(runs);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** @returns {{ times: number, steps: Step[] }} */
function readCommand() {
  try {
    const options = /** @type {const} */ ({ repeat: { type: "string", default: "1" } });
    const { values: { repeat }, positionals } = parseArgs({ options, allowPositionals: true });
    if (!/^[1-9]\d*$/.test(repeat)) throw new Error(`--repeat ${repeat}: it is not a number`);
    return { times: Number(repeat), steps: positionals.length === 0 ? STEPS : choose(positionals) };
  } catch (error) {
    console.error(`Cannot run ${error instanceof Error ? error.message : error}`);
    process.exit(2);
  }
}

/**
 * Steps by their names, and the tests in files and folders, each on both runtimes.
 * @param {string[]} names
 * @returns {Step[]}
 */
function choose(names) {
  const isStep = (/** @type {string} */ name) => STEPS.some((step) => step.name === name);
  const paths = names.filter((name) => !isStep(name));
  const isIn = (/** @type {string} */ file, /** @type {string} */ path) =>
    `${posix.normalize(file)}/`.startsWith(`${posix.normalize(path).replace(/\/$/, "")}/`);
  const isMeant = (/** @type {string} */ file) => paths.some((path) => isIn(file, path));
  const files = testFiles.filter(isMeant);
  const programs = PROGRAMS.filter(({ command }) => isMeant(command[1] ?? ""));
  const all = [...files, ...programs.map(({ command }) => command[1] ?? "")];
  const unknown = paths.filter((path) => !all.some((file) => isIn(file, path)));
  if (unknown.length > 0) {
    const known = STEPS.map(({ name }) => name).join(", ");
    throw new Error(`${unknown.join(", ")}: neither tests, nor one of the steps ${known}`);
  }
  return [
    ...STEPS.filter(({ name }) => names.includes(name)),
    ...(files.length > 0 ? onBoth(files) : []),
    ...programs.flatMap(onEach),
  ];
}

/** The browser talks to a server on each runtime. @param {Step} program @returns {Step[]} */
function onEach(program) {
  if (program.needs !== chromium.needs) return [program];
  return ["deno", "bun"].map((kind) => ({
    ...program,
    name: `${program.name} ${kind}`,
    command: [...program.command, kind],
  }));
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
      timeout: STEP_MS_MAX,
      killSignal: "SIGKILL",
    };
    console.log(`Installing ${packages.join(", ")}`);
    spawnSync("apt-get", ["update", "-q"], options);
    spawnSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], options);
  }
  if (!missing.some(isMissing)) return undefined;
  console.log(`Cannot run all of this step: install ${packages.join(", ")} first`);
  return failure(`${missing.filter(isMissing).join(", ")} missing`);
}

/**
 * Runs a step in a process group of its own, so that a hanging step takes its children with it.
 * @param {Step} step
 * @param {boolean} isQuiet whether only what a step that failed has printed is shown
 * @returns {Promise<Outcome>}
 */
function run({ command: [command = "", ...args], read }, isQuiet) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let note = "";
    const stop = () => {
      try {
        process.kill(-(child.pid ?? 0), "SIGKILL");
      } catch {
        // The group is already gone.
      }
    };
    const timer = setTimeout(() => {
      note = `stopped after ${STEP_MS_MAX / 60_000} minutes`;
      stop();
    }, STEP_MS_MAX);
    // Apart, so that no line of the one stands in the middle of a line of the other.
    const outputs = [child.stdout, child.stderr].map((stream) => {
      const output = { text: "" };
      stream.setEncoding("utf8").on("data", (text) => {
        if (!isQuiet) process.stdout.write(text);
        output.text += text;
      });
      return output;
    });
    const interrupted = () => (stop(), process.exit(130));
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    child.on("error", (error) => note = error.message);
    // What a step leaves running keeps its output open: "close" would wait for it.
    child.on("exit", () => setTimeout(stop, 200));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
      if (code !== 0 && note === "") note = signal ?? `exit code ${code}`;
      const output = outputs.map(({ text }) => text).join("\n");
      if (isQuiet && code !== 0) process.stdout.write(output);
      const results = read?.(output) ?? { passed: code === 0 ? 1 : 0, failures: [] };
      // A runner can fail without a failed test.
      const isNamed = code === 0 || results.failures.length > 0;
      resolve({ ...results, ...(isNamed ? {} : { failures: [note] }), note });
    });
  });
}

/** @param {string} note @returns {Outcome} */
function failure(note) {
  return { passed: 0, failures: [note], note };
}

/** How often each test has failed that did, the most frequent first. */
function countFailures() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { step, outcome } of runs) {
    for (const name of new Set(outcome.failures)) {
      const key = `${step.name.padEnd(16)}${name}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].sort(([, a], [, b]) => b - a)
    .map(([key, count]) => `failed ${count} of ${times}  ${key}`);
}

/** @param {Run[]} some how many tests have passed and failed */
function sums(some) {
  const sum = (/** @type {(outcome: Outcome) => number} */ count) =>
    some.reduce((all, { outcome }) => all + count(outcome), 0);
  return { passed: sum(({ passed }) => passed), failed: sum(({ failures }) => failures.length) };
}

/** @param {string} name @param {Run[]} some of one step */
function row(name, some) {
  const { passed, failed } = sums(some);
  const times = some.map(({ seconds }) => seconds).sort((a, b) => a - b);
  const [least = 0, most = 0] = [times[0], times.at(-1)];
  const each = times.length > 1 ? `each ${least.toFixed(1)} to ${most.toFixed(1)} s` : "";
  const notes = new Set([each, ...some.map(({ outcome }) => outcome.note)].filter(Boolean));
  const seconds = times.reduce((sum, one) => sum + one, 0);
  const cells = [`${passed} passed`, `${failed} failed`, `${seconds.toFixed(1)} s`];
  return [name.padEnd(16), ...cells.map((cell) => cell.padStart(14)), "  ", [...notes].join(", ")]
    .join("").trimEnd();
}
