// Starts a server of a given kind and a browser, and collects all complaints of pages.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { CHROMIUM } from "../helpers/chromium.mjs";
import { freePort } from "../helpers/free_port.mjs";
import { until } from "../helpers/until.mjs";

/** @import { Browser, BrowserContextOptions, Page } from "playwright-core" */

const ROOT = fileURLToPath(new URL("../..", import.meta.url).href);
const BIN = join(ROOT, "node_modules", ".bin");
/** Browsers of a busy machine are slow. */
const PATIENCE_MS = 30_000;

/** @type {Record<string, string[]>} */
const COMMANDS = {
  bun: [join(BIN, "bun"), "src/main.ts"],
  deno: [join(BIN, "deno"), "run", "-A", "src/main.ts"],
};

/**
 * Starts a server and waits until it is ready.
 * @param {string} kind `bun`, `deno` or the path of an executable
 * @param {{ port?: number, feed: string, tape?: string, more?: string[], key?: string }} options
 */
export async function startServer(kind, { port, feed, tape = "memory", more = [], key = "" }) {
  port ??= await freePort();
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
    await until(
      "the server is ready",
      async () => child.exitCode !== null || (await fetch(`${server.origin}/readyz?key=${key}`)).ok,
    );
    if (child.exitCode !== null) throw new Error(`The server has ended: ${log}`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** @param {string[]} more additional flags */
export function startBrowser(more = []) {
  return chromium.launch({
    executablePath: CHROMIUM,
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

/** Complaints of pages, and the hosts that the pages requested. */
export class Complaints {
  /** While the server is down, failed requests are expected. */
  isServerGone = false;
  /** @type {string[]} */
  messages = [];
  /** @type {Set<string>} */
  hosts = new Set();

  /** @param {Page} page */
  listen(page) {
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      const isNetwork = /net::ERR_|WebSocket connection to|status of (?:401|403|426|503)/.test(
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
  page.setDefaultTimeout(PATIENCE_MS);
  complaints.listen(page);
  return page;
}
