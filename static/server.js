// Talks to the server by HTTP, with the key if there is one.

import { backoff } from "./client.js";

/** The server's address, also where it is served under a path of another one. */
export const ROOT = new URL("..", import.meta.url);

/** Storage may be refused inside a frame: then it is kept as long as the page. @type {Map<string, string>} */
const unstored = new Map();

/** What this browser remembers under a name; empty when it is nothing. @param {string} name */
export function recall(name) {
  try {
    return localStorage.getItem(`tickwire.${name}`) ?? "";
  } catch {
    return unstored.get(name) ?? "";
  }
}

/** @param {string} name @param {string} value */
export function remember(name, value) {
  try {
    if (value === "") localStorage.removeItem(`tickwire.${name}`);
    else localStorage.setItem(`tickwire.${name}`, value);
  } catch {
    unstored.set(name, value);
  }
}

export class Server {
  #key = recall("key");
  /** Why the server refuses to answer; empty when it does not. */
  refusal = "";
  /** How long the last answer took. */
  roundTripMs = 0;

  /** The key that goes with every request from now on. @param {string} key */
  set key(key) {
    this.#key = key;
    this.refusal = "";
    remember("key", key);
  }

  /** @param {string} path of a WebSocket */
  socketUrl(path) {
    const url = new URL(path, ROOT);
    url.protocol = url.protocol.replace("http", "ws");
    if (this.#key !== "") url.searchParams.set("key", this.#key);
    return url.href;
  }

  /**
   * Asks once. @returns the answer as JSON, or `undefined` when there is none to be had
   * @param {string} path
   * @param {AbortSignal} [signal]
   */
  async ask(path, signal) {
    const headers = new Headers(this.#key === "" ? {} : { "X-API-KEY": this.#key });
    const options = { headers, signal: signal ?? null };
    const response = await fetch(new URL(path, ROOT), options).catch(() => undefined);
    const answer = await response?.json().catch(() => undefined);
    if (response?.status === 401 || response?.status === 403) {
      this.refusal = String(answer?.detail ?? "The server asks for a key");
      return undefined;
    }
    if (response !== undefined) this.refusal = "";
    return response?.ok || response?.status === 503 ? answer : undefined;
  }

  /**
   * Loads JSON and tries until it succeeds or is called off.
   * @param {string} path
   * @param {AbortSignal} [signal]
   */
  async load(path, signal) {
    for (let attempt = 1; !signal?.aborted; attempt++) {
      const points = await this.ask(path, signal);
      if (Array.isArray(points)) return points;
      await new Promise((resolve) => setTimeout(resolve, backoff(attempt)));
    }
    return [];
  }

  /** Asks how the server is, and how long that takes. */
  async health() {
    const startedAt = performance.now();
    const answer = await this.ask("readyz");
    this.roundTripMs = performance.now() - startedAt;
    return answer;
  }
}
