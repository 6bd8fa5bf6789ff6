// Runs every check of the project and counts their tests: `npm test`, or `npm test NAME…` for some.
// deno-lint-ignore-file no-console

import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string[]} command
 * @property {Record<string, string>} [needs] Debian package by the command that it brings
 *
 * @typedef {{ passed: number, failed: number, note: string }} Outcome
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url).href);
const STEP_MS_MAX = 10 * 60 * 1000;

/** Both runtimes get the same list, so that neither finds fewer tests than the other. */
const testFiles = readdirSync(join(ROOT, "tests"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith("_test.ts") && !path.startsWith("browser"))
  .map((path) => `./tests/${path}`)
  .sort();

/** @type {Step[]} */
const STEPS = [
  { name: "format", command: ["deno", "fmt", "--check"] },
  { name: "lint", command: ["deno", "lint"] },
  { name: "types", command: ["deno", "check", "src", "static", "tests", "bench"] },
  { name: "deno", command: ["deno", "test", "-A", "--no-check", ...testFiles] },
  // Its own limit of five seconds is too short for a busy machine.
  { name: "bun", command: ["bun", "test", "--timeout", "60000", ...testFiles] },
  { name: "build", command: ["deno", "task", "build"] },
  { name: "executable", command: ["bun", "tests/executable.mjs"] },
  {
    name: "container",
    command: ["node", "tests/container.mjs"],
    needs: { buildah: "buildah" },
  },
  {
    name: "browser",
    command: ["node", "tests/browser/page.mjs"],
    needs: { chromium: "chromium" },
  },
  {
    name: "openbb",
    command: ["node", "tests/browser/openbb.mjs"],
    needs: { chromium: "chromium" },
  },
  {
    name: "listeners",
    command: ["node", "tests/browser/listeners.mjs"],
    needs: { chromium: "chromium" },
  },
];

const env = {
  ...process.env,
  PATH: [join(ROOT, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
  NO_COLOR: "1",
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(
    `Cannot run ${unknown.join(", ")}: the steps are ${STEPS.map((s) => s.name).join(", ")}`,
  );
  process.exit(2);
}

/** @type {string[][]} */
const table = [];
let passed = 0;
let failed = 0;
for (const step of STEPS.filter(({ name }) => names.length === 0 || names.includes(name))) {
  console.log(`\n=== ${step.name}: ${step.command.slice(0, 6).join(" ")}`);
  const startedAt = performance.now();
  const outcome = install(step.needs ?? {}) ?? await run(step);
  const seconds = (performance.now() - startedAt) / 1000;
  passed += outcome.passed;
  failed += outcome.failed;
  table.push([
    step.name,
    `${outcome.passed} passed`,
    `${outcome.failed} failed`,
    `${seconds.toFixed(1)} s`,
    outcome.note,
  ]);
}
console.log(`\n${table.map(row).join("\n")}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

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
  console.log(`Cannot run this step: install ${packages.join(", ")} first`);
  return { passed: 0, failed: 1, note: `${missing.filter(isMissing).join(", ")} missing` };
}

/**
 * Runs a step in a process group of its own, so that a hanging step takes its children with it.
 * @param {Step} step
 * @returns {Promise<Outcome>}
 */
function run({ command: [command = "", ...args] }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
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
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        process.stdout.write(text);
        output += text;
      });
    }
    const interrupted = () => (stop(), process.exit(130));
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    child.on("error", (error) => note = error.message);
    // What a step leaves running keeps its output open: "close" would wait for it.
    child.on("exit", () => setTimeout(stop, 200));
    child.on("close", (code) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
      const isFailure = code !== 0;
      if (isFailure && note === "") note = `exit code ${code}`;
      resolve({ ...count(output, isFailure), note });
    });
  });
}

/**
 * Reads the runner's own summary; a step that prints none is one test.
 * @param {string} output
 * @param {boolean} isFailure
 */
function count(output, isFailure) {
  const last = (/** @type {RegExp} */ pattern) => [...output.matchAll(pattern)].at(-1);
  // Deno counts the tests of a group as steps of one test.
  const steps = last(/^(?:ok|FAILED) \| \d+ passed \((\d+) steps?\) \| (\d+) failed/gm);
  const line = steps ?? last(/^(\d+) passed, (\d+) failed/gm);
  const pass = (line ?? last(/^ *(\d+) pass$/gm))?.[1];
  const fail = line?.[2] ?? last(/^ *(\d+) fail$/gm)?.[1];
  if (pass === undefined) return { passed: isFailure ? 0 : 1, failed: isFailure ? 1 : 0 };
  // A runner can fail without a failed test, for instance when a file does not load.
  return { passed: Number(pass), failed: Math.max(Number(fail ?? 0), isFailure ? 1 : 0) };
}

/** @param {string[]} cells */
function row([name = "", ...cells]) {
  return [name.padEnd(12), ...cells.slice(0, 3).map((cell) => cell.padStart(12)), `  ${cells[3]}`]
    .join("").trimEnd();
}
