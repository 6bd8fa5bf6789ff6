// Runs commands in parallel, each in its own process group.

import { spawn } from "node:child_process";
import process from "node:process";

/**
 * @typedef {object} Ended
 * @property {string} output its standard output, then its standard error
 * @property {string} fault the reason of a failure, or an empty text
 * @property {number} seconds
 */

const JOB_MS_MAX = 20 * 60 * 1000;

/** Functions that stop running commands; called when this process is stopped. @type {Set<() => void>} */
const running = new Set();
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => {
    for (const stop of running) stop();
    process.exit(130);
  });
}

/**
 * Runs a command to its end, in its own process group: stopping a hanging command also stops its children.
 * @param {string[]} command
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<Ended>}
 */
export function runJob([command = "", ...args], options) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(command, args, {
      ...options,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let fault = "";
    const stop = () => {
      try {
        process.kill(-(child.pid ?? 0), "SIGKILL");
      } catch {
        // The group has ended already.
      }
    };
    running.add(stop);
    const timer = setTimeout(() => {
      fault = `stopped after ${JOB_MS_MAX / 60_000} minutes`;
      stop();
    }, JOB_MS_MAX);
    // Keep both streams separate, so that their lines do not mix.
    const outputs = [child.stdout, child.stderr].map((stream) => {
      const output = { text: "" };
      stream.setEncoding("utf8").on("data", (text) => output.text += text);
      return output;
    });
    child.on("error", (error) => fault = error.message);
    // "close" would wait for processes that the command leaves running, because they keep its output open.
    child.on("exit", () => setTimeout(stop, 200));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      running.delete(stop);
      if (code !== 0 && fault === "") fault = signal ?? `exit code ${code}`;
      const output = outputs.map(({ text }) => text).join("\n");
      resolve({ output, fault, seconds: (performance.now() - startedAt) / 1000 });
    });
  });
}

/**
 * Calls `run` for items in parallel, in order, except for items that are not ready.
 * @template Item
 * @param {readonly Item[]} items
 * @param {number} width
 * @param {(item: Item) => boolean} isReady whether it may start; called again after each end
 * @param {(item: Item) => Promise<void>} run
 * @returns {Promise<void>}
 */
export async function inParallel(items, width, isReady, run) {
  const waiting = [...items];
  /** @type {Set<Promise<void>>} */
  const active = new Set();
  while (waiting.length > 0 || active.size > 0) {
    const next = active.size < width ? waiting.findIndex(isReady) : -1;
    if (next < 0) {
      if (active.size === 0) throw new Error("Each of the rest waits for another");
      await Promise.race(active);
      continue;
    }
    const [item] = waiting.splice(next, 1);
    const promise = run(/** @type {Item} */ (item)).finally(() => active.delete(promise));
    active.add(promise);
  }
}
