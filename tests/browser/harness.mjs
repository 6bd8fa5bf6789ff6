// A server of the kind asked for, and a browser that complains about nothing unnoticed.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** @import { Browser, BrowserContextOptions, Page } from "playwright-core" */

const ROOT = fileURLToPath(new URL("../..", import.meta.url).href);
const BIN = join(ROOT, "node_modules", ".bin");
const READY_MS_MAX = 20_000;
const WAIT_MS = 10_000;

/** @type {Record<string, string[]>} */
const COMMANDS = {
  bun: [join(BIN, "bun"), "src/main.ts"],
  deno: [join(BIN, "deno"), "run", "-A", "src/main.ts"],
};

/** @returns {Promise<number>} a port that nobody listens on */
export function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" ? address?.port ?? 0 : 0));
    });
  });
}

/** @param {number} ms */
export function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/**
 * Asks again and again until the answer is yes.
 * @param {string} what
 * @param {() => unknown} condition
 */
export async function until(what, condition, maxMs = WAIT_MS) {
  const end = performance.now() + maxMs;
  while (performance.now() < end) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error(`Waited ${maxMs} ms in vain until ${what}`);
}

/**
 * Starts a server and waits until it is ready.
 * @param {string} kind `bun`, `deno` or the path of an executable
 * @param {{ port: number, feed: string, tape?: string, more?: string[], key?: string }} options
 */
export async function startServer(kind, { port, feed, tape = "memory", more = [], key = "" }) {
  const [program = "", ...first] = COMMANDS[kind] ?? [resolve(ROOT, kind)];
  if (!existsSync(program)) throw new Error(`Cannot start ${kind}: there is no ${program}`);
  const flags = ["--port", String(port), "--tape", tape, "--feed", feed, "--drain", "200", ...more];
  const child = spawn(program, [...first, ...flags], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk) => log += chunk);
  const ended = new Promise((done) => child.once("exit", done));
  const server = {
    origin: `http://localhost:${port}`,
    /** @param {NodeJS.Signals} signal */
    async stop(signal = "SIGKILL") {
      child.kill(signal);
      await ended;
    },
  };
  try {
    await until("the server is ready", async () => {
      if (child.exitCode !== null) throw new Error(`The server has ended: ${log}`);
      const response = await fetch(`${server.origin}/readyz?key=${key}`).catch(() => undefined);
      return response?.ok;
    }, READY_MS_MAX);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** @param {string[]} more flags of its own */
export function startBrowser(more = []) {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

/** What pages have complained about, and whom they have talked to. */
export class Complaints {
  /** While the server is gone, failed requests are to be expected. */
  isServerGone = false;
  /** @type {string[]} */
  messages = [];
  /** @type {Set<string>} */
  hosts = new Set();

  /** @param {Page} page */
  listen(page) {
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      const isNetwork = /net::ERR_|WebSocket connection to|status of (?:401|403|503)/.test(
        message.text(),
      );
      if (!(this.isServerGone && isNetwork)) this.messages.push(message.text());
    });
    page.on("pageerror", (error) => this.messages.push(String(error.stack ?? error)));
    page.on("request", (request) => this.hosts.add(new URL(request.url()).host));
    page.on("websocket", (socket) => this.hosts.add(new URL(socket.url()).host));
  }
}

/**
 * @param {Browser} browser
 * @param {Complaints} complaints
 * @param {BrowserContextOptions} [options]
 */
export async function newPage(browser, complaints, options) {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 860 },
    colorScheme: "dark",
    ...options,
  });
  page.setDefaultTimeout(WAIT_MS);
  complaints.listen(page);
  return page;
}

/** Runs checks one after another and counts them. */
export class Checks {
  passed = 0;
  failed = 0;

  /**
   * @param {string} name
   * @param {() => Promise<unknown>} run
   */
  async check(name, run) {
    const startedAt = performance.now();
    try {
      await run();
      this.passed++;
      print(`ok      ${name} (${Math.round(performance.now() - startedAt)} ms)`);
    } catch (error) {
      this.failed++;
      print(`FAILED  ${name}: ${error instanceof Error ? error.stack : error}`);
    }
  }

  /** @returns the exit code */
  end() {
    print(`${this.passed} passed, ${this.failed} failed`);
    return this.failed > 0 ? 1 : 0;
  }
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
