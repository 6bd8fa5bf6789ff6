// Runs the compiled executable from an empty folder, as a user would: `bun tests/executable.mjs`.
// deno-lint-ignore-file no-console

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const EXECUTABLE = fileURLToPath(new URL("../dist/tickwire", import.meta.url).href);
const WAIT_MS_MAX = 20_000;

let passed = 0;
let failed = 0;
const folder = mkdtempSync(join(tmpdir(), "tickwire-executable-"));
const port = await freePort();
const base = `http://127.0.0.1:${port}`;
const server = start("--port", `${port}`);
process.once("exit", () => {
  server.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

await check("It serves from an empty folder", () => eventually(() => get("/healthz")));
await check("It serves the page and its scripts", async () => {
  const page = await (await get("/")).text();
  const script = page.match(/<script[^>]* src="([^":]+\.js)"/)?.[1] ?? "";
  assert.notEqual(script, "", "the page names no script of its own");
  const response = await get(new URL(script, `${base}/`).pathname);
  assert.match(response.headers.get("content-type") ?? "", /^(text|application)\/javascript/);
  assert.notEqual(await response.text(), "");
});
await check("It serves /widgets.json", async () => {
  assert.notDeepEqual(await (await get("/widgets.json")).json(), {});
});
await check("It serves a price in /snapshot", () =>
  eventually(async () => {
    const rows = await (await get("/snapshot?symbol=AAPL")).json();
    assert.equal(rows[0]?.symbol, "AAPL");
    assert.equal(typeof rows[0].price, "number");
  }));
await check("It serves history in /bars", () =>
  eventually(async () => {
    const bars = await (await get("/bars?symbol=AAPL&interval=1m")).json();
    assert.equal(typeof bars[0]?.close, "number");
  }));
await check("It streams on /ws", async () => {
  const frame = JSON.parse(await firstFrame(`ws://127.0.0.1:${port}/ws?symbol=AAPL`));
  assert.equal(typeof frame, "object");
});
await check("It serves its contracts", async () => {
  const { openapi, paths } = await (await get("/openapi.json")).json();
  assert.equal(openapi, "3.1.0");
  assert.ok(paths["/snapshot"].get);
  const { asyncapi, channels } = await (await get("/asyncapi.json")).json();
  assert.equal(asyncapi, "3.0.0");
  assert.ok(channels.ws.messages.subscribed);
});
await check("It shows its feeds in /metrics", () =>
  eventually(async () => {
    const text = await (await get("/metrics")).text();
    assert.match(text, /^tickwire_feed_state\{feed="synthetic",state="running"\} 1$/m);
  }));
await check("Another one relays it", async () => {
  const feed = `tickwire:ws://127.0.0.1:${port}`;
  const relayPort = await freePort();
  const relay = start("--port", `${relayPort}`, "--tape", "memory", "--feed", feed);
  try {
    await eventually(async () => {
      const response = await fetch(`http://127.0.0.1:${relayPort}/readyz`);
      const { feeds: [status] } = await response.json();
      assert.equal(status.state, "running", relay.output());
      assert.ok(status.ticks > 0);
    });
  } finally {
    relay.child.kill("SIGKILL");
    await relay.closed;
  }
});
await check("A second one on the same port says so", async () => {
  await refuses(start("--port", `${port}`, "--tape", "memory"), `${port}`);
});
await check("A second one in the same folder says who has the tape", async () => {
  await refuses(start("--port", "0"), `process ${server.child.pid}`);
});
await check("An unknown flag is named", async () => {
  await refuses(start("--port", "0", "--nonsense"), "--nonsense");
});
await check("It stops on SIGTERM with exit code 0", async () => {
  server.child.kill("SIGTERM");
  assert.equal(await exitCode(server), 0, server.output());
});

if (failed > 0) console.log(`What the server said:\n${server.output()}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

/** @typedef {ReturnType<typeof start>} Running */

/** @param {string[]} args */
function start(...args) {
  const child = spawn(EXECUTABLE, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let isClosed = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => output += text);
  }
  /** @type {Promise<number | string | null>} */
  const closed = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message)).once("close", resolve);
  });
  closed.then(() => isClosed = true);
  return { child, closed, isClosed: () => isClosed, output: () => output };
}

/** @param {Running} running */
function exitCode({ closed }) {
  return Promise.race([closed, sleep(WAIT_MS_MAX, "still running", { ref: false })]);
}

/**
 * @param {Running} running
 * @param {string} named what the message has to name
 */
async function refuses(running, named) {
  const code = await exitCode(running);
  running.child.kill("SIGKILL");
  assert.ok(typeof code === "number" && code > 0, `exit code ${code}`);
  assert.ok(running.output().includes(named), `not named: ${running.output()}`);
  assert.doesNotMatch(running.output(), /^ +at |\berror: /m, "there is a stack trace");
}

/**
 * @param {string} name
 * @param {() => unknown} body
 */
async function check(name, body) {
  try {
    await body();
    passed++;
    console.log(`ok    ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {string} path */
async function get(path) {
  const response = await fetch(base + path, { signal: AbortSignal.timeout(WAIT_MS_MAX) });
  assert.equal(response.status, 200, `${path}: status ${response.status}`);
  return response;
}

/**
 * Tries until it succeeds: a server that has just started may still be filling its tape.
 * @param {() => Promise<unknown>} attempt
 */
async function eventually(attempt) {
  const deadline = performance.now() + WAIT_MS_MAX;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline || server.isClosed()) throw error;
      await sleep(50);
    }
  }
}

/**
 * @param {string} url
 * @returns {Promise<string>}
 */
function firstFrame(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const timer = setTimeout(() => reject(new Error("no frame came")), WAIT_MS_MAX);
    socket.onmessage = ({ data }) => {
      clearTimeout(timer);
      resolve(data);
      socket.close();
    };
    socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
