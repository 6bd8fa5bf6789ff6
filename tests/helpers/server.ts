import { createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { createLog } from "../../src/logger.ts";
import { turn } from "../../src/scheduler.ts";
import { openServer } from "../../src/runtime/server.ts";

export interface TestServer {
  readonly port: number;
  readonly redirectPort: number | undefined;
  readonly http: string;
  readonly ws: string;
  /** The log lines. */
  readonly log: readonly string[];
  /** Loads renewed TLS files. */
  renew(): Promise<void>;
  /** Drains the clients and stops. */
  stop(): Promise<void>;
}

/** Starts a server on a free port in this process, and so on the test's runtime. */
export async function startServer(...flags: string[]): Promise<TestServer> {
  const invocation = readConfig({
    args: ["--port", "0", "--tape", "memory", "--drain", "200", ...flags],
    env: {},
    readFile: () => undefined,
  });
  if (invocation.kind !== "serve") throw new TypeError("Cannot start: these flags do not serve");
  const { config } = invocation;
  const log: string[] = [];
  const logger = createLog(Date.now, (line) => log.push(line));
  const app = createApp(config, {
    version: "test",
    log: logger,
    bootId: "test",
    holder: "a test",
    environment: {},
    now: Date.now,
    elapsed: () => performance.now(),
    busy: () => 0,
    memoryBytes: () => 1_000_000,
    fail(error) {
      throw error;
    },
    random: Math.random,
  });
  const { "tls-cert": cert, "tls-key": key } = config;
  const tls = cert === undefined || key === undefined ? undefined : { cert, key };
  const { port, redirectPort, renew, close } = await openServer({
    host: config.host,
    port: config.port,
    tls,
    redirectPort: config["redirect-port"],
    ...app,
    ...logger,
    now: Date.now,
    turn,
  });
  app.start();
  const secure = tls === undefined ? "" : "s";
  return {
    port,
    redirectPort,
    http: `http${secure}://127.0.0.1:${port}`,
    ws: `ws${secure}://127.0.0.1:${port}`,
    log,
    renew: () => renew(true),
    async stop() {
      await app.stop();
      await close();
    },
  };
}

/** A metric of `/metrics` by its name without `tickwire_`. */
export async function figureOf({ http }: { http: string }, name: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return Number(new RegExp(`^tickwire_${name} (.+)$`, "m").exec(text)?.[1]);
}

/** Sends ticks to a server and returns the position of the last one. */
export async function send(server: TestServer, ticks: readonly object[]): Promise<string> {
  const response = await fetch(`${server.http}/ticks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(ticks),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer.position;
}
