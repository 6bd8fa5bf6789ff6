import assert from "node:assert/strict";
import { after } from "node:test";
import { type App, createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";

/** 2025-11-21 04:40:00 UTC, the start of a minute. */
export const NOW = 1_763_700_000_000;
export const BASE = "http://localhost:5050";

const json = { "content-type": "application/json" };

/** An app without a port or a feed, with a clock that stands still. */
export class TestApp {
  readonly app: App;
  readonly warnings: string[] = [];
  /** Errors that the app reported as its own. */
  readonly faults: unknown[] = [];
  now = NOW;

  /** @param file the settings file, when there is one */
  constructor(args: readonly string[], file?: object) {
    const invocation = readConfig({
      args: ["--feed", "none", "--drain", "0", "--tape", "memory", ...args],
      env: {},
      readFile: () => file && JSON.stringify(file),
    });
    assert.equal(invocation.kind, "serve");
    if (invocation.kind !== "serve") throw new TypeError("Cannot test: these flags do not serve");
    this.app = createApp(invocation.config, {
      version: "1.2.3",
      log: {
        info() {},
        warn: (message) => void this.warnings.push(message),
        error: (message, cause) => void this.faults.push(cause ?? message),
      },
      bootId: "test",
      holder: "a test",
      environment: {},
      now: () => this.now,
      elapsed: () => performance.now(),
      busy: () => 0,
      memoryBytes: () => 1_000_000,
      fail(error) {
        throw error;
      },
      random: () => 0.5,
    });
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return Promise.resolve(this.app.fetch(new Request(BASE + path, init)));
  }

  /** The body of a GET, which must be answered with 200. */
  async get<Answer = Record<string, unknown>[]>(path: string): Promise<Answer> {
    const response = await this.request(path);
    assert.equal(response.status, 200, path);
    assert.match(response.headers.get("content-type")!, /^application\/json/);
    return await response.json() as Answer;
  }

  post(
    body: BodyInit | object,
    headers: Record<string, string> = {},
    path = "/ticks",
  ): Promise<Response> {
    const isBody = typeof body === "string" || body instanceof Uint8Array ||
      body instanceof ReadableStream;
    return this.request(path, {
      method: "POST",
      headers: { ...json, ...headers },
      body: isBody ? body as BodyInit : JSON.stringify(body),
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
    });
  }

  /** Puts ticks on the tape. */
  async send(...ticks: readonly object[]): Promise<void> {
    assert.equal((await this.post(ticks)).status, 200);
  }
}

/** An app that is stopped after the tests of the file. */
export function serve(...args: string[]): TestApp {
  return serveWith(undefined, ...args);
}

/** The same as `serve`, with a settings file. */
export function serveWith(file: object | undefined, ...args: string[]): TestApp {
  const server = new TestApp(args, file);
  apps.push(server);
  return server;
}

const apps: TestApp[] = [];
after(() => Promise.all(apps.map(({ app }) => app.stop())));

export interface Refused {
  readonly detail: string;
  readonly code: string;
  readonly status: number;
}

/** Checks that an answer is an error in the common form. */
export async function refused(
  answer: Response | Promise<Response>,
  status: number,
  code: string,
): Promise<string> {
  const response = await answer;
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  const body = await response.json() as Refused;
  assert.deepEqual([response.status, body.status, body.code], [status, status, code], body.detail);
  assert.deepEqual(Object.keys(body).sort(), ["code", "detail", "status"]);
  assert.match(body.detail, /^Cannot [^]*[^.]$/);
  return body.detail;
}
