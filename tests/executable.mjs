// Runs the compiled executable from an empty folder, as a user would: `bun tests/executable.mjs`.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Checks } from "./helpers/checks.mjs";
import { freePort } from "./helpers/free_port.mjs";
import { until } from "./helpers/until.mjs";

const EXECUTABLE = fileURLToPath(new URL("../dist/tickwire", import.meta.url).href);
const WAIT_MS_MAX = 30_000;

const checks = new Checks();
const check = checks.check.bind(checks);
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
await check("Another server relays it", async () => {
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
    await exitCode(relay);
  }
});
await check("It serves TLS, and health and backup work over TLS", async () => {
  const at = (/** @type {string} */ name) => join(folder, name);
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
    ...[
      "-addext",
      "subjectAltName=DNS:localhost",
      "-keyout",
      at("key.pem"),
      "-out",
      at("cert.pem"),
    ],
  ]);
  assert.equal(made.status, 0, "this takes openssl");
  const [securePort, tls] = [await freePort(), ["--tls-cert", "cert.pem"]];
  const own = ["--port", `${securePort}`, ...tls];
  const secure = start(...own, "--tls-key", "key.pem", "--tape", "sqlite:secure.db");
  try {
    await until("it is healthy", async () => await exitCode(start("health", ...own)) === 0);
    const url = ["--url", `https://localhost:${securePort}`];
    const backup = start("backup", "backup.db", ...url, "--ca", "cert.pem");
    assert.equal(await exitCode(backup), 0, backup.output());
    const restore = start("restore", "backup.db", "--tape", "sqlite:restored.db");
    assert.equal(await exitCode(restore), 0, restore.output());
    await refuses(start("watch", "--once", ...url), "--ca");
  } finally {
    secure.child.kill("SIGKILL");
    await exitCode(secure);
  }
});
await check("Its workers run the same executable, and end with it", async () => {
  const own = ["--port", `${await freePort()}`, "--tape", "sqlite:shared.db", "--drain", "0"];
  const first = start(...own, "--workers", "2", "--feed", "none");
  const at = `http://127.0.0.1:${own[1]}`;
  const { pid } = first.child;
  const children = () =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  try {
    await eventually(async () => {
      assert.match(await (await fetch(`${at}/metrics`)).text(), /^tickwire_workers 2$/m);
    });
    const workers = children();
    assert.equal(workers.length, 2);
    for (let price = 1; price <= 8; price++) {
      const body = JSON.stringify({ symbol: "W", price });
      const headers = { "content-type": "application/json", connection: "close" };
      await (await fetch(`${at}/ticks`, { method: "POST", headers, body })).text();
    }
    const rows = await (await fetch(`${at}/ticks?symbol=W`)).json();
    assert.equal(rows.length, 8);
    first.child.kill("SIGKILL");
    await until("they end", () => workers.every((worker) => !existsSync(`/proc/${worker}`)));
  } finally {
    first.child.kill("SIGKILL");
    await exitCode(first);
  }
});
await check("A second server on the same port is refused with the port", async () => {
  await refuses(start("--port", `${port}`, "--tape", "memory"), `${port}`);
});
await check("A second server in the same folder is told who holds the tape", async () => {
  await refuses(start("--port", "0"), `process ${server.child.pid}`);
});
await check("An unknown flag is named in the refusal", async () => {
  await refuses(start("--port", "0", "--nonsense"), "--nonsense");
});
await check("It stops on SIGTERM with exit code 0", async () => {
  server.child.kill("SIGTERM");
  assert.equal(await exitCode(server), 0, server.output());
});

if (checks.failed > 0) process.stdout.write(`What the server said:\n${server.output()}\n`);
process.exit(checks.end());

/** @typedef {ReturnType<typeof start>} Running */

/** @param {string[]} args */
function start(...args) {
  const child = spawn(EXECUTABLE, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  /** @type {{ code: number | string | null } | undefined} */
  let end;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => output += text);
  }
  child.once("error", ({ message }) => end = { code: message });
  child.once("close", (code) => end ??= { code });
  return { child, end: () => end, output: () => output };
}

/** @param {Running} running */
async function exitCode({ end }) {
  return (await until("it has ended", end)).code;
}

/**
 * @param {Running} running
 * @param {string} named a text that the message must contain
 */
async function refuses(running, named) {
  const code = await exitCode(running).finally(() => running.child.kill("SIGKILL"));
  assert.ok(typeof code === "number" && code > 0, `exit code ${code}`);
  assert.ok(running.output().includes(named), `not named: ${running.output()}`);
  assert.doesNotMatch(running.output(), /^ +at |\berror: /m, "there is a stack trace");
}

/** @param {string} path */
async function get(path) {
  const response = await fetch(base + path, { signal: AbortSignal.timeout(WAIT_MS_MAX) });
  assert.equal(response.status, 200, `${path}: status ${response.status}`);
  return response;
}

/**
 * A server that has just started may still be filling its tape.
 * @param {() => Promise<unknown>} attempt
 */
async function eventually(attempt) {
  const isOver = () => server.end() ? "ended" : attempt().then(() => "well");
  const state = await until("it succeeds", isOver);
  assert.equal(state, "well", "the server has ended");
}

/**
 * @param {string} url
 * @returns {Promise<string>}
 */
async function firstFrame(url) {
  /** @type {string[]} */
  const heard = [];
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => heard.push(data);
  socket.onclose = ({ code }) => heard.push(`closed with ${code}`);
  const frame = await until("a frame comes", () => heard[0]);
  socket.close();
  return frame;
}
