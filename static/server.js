// Talks to the server by HTTP, with the key if there is one.

import { backoff } from "./client.js";
import { recall, remember } from "./memory.js";

/** The server's address, also where it is served under a path of another one. */
export const ROOT = new URL("..", import.meta.url);

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
