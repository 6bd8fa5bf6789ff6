// Requests to the server by HTTP, with the user's key if there is one.

import { backoff } from "./client.js";
import { recall, remember } from "./storage.js";

/** The server's root, which may be a path below another server. */
export const ROOT = new URL("..", import.meta.url);

export class Server {
  #key = recall("key");
  /** Why the server refuses requests; empty without a refusal. */
  refusal = "";
  /** Duration of the last health request. */
  roundTripMs = 0;

  /** Sets the key for all later requests. @param {string} key */
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
   * Sends one request.
   * @param {string} path
   * @param {AbortSignal} [signal]
   * @returns the answer as JSON, or `undefined` if the request failed
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
   * Loads a JSON list. It retries until it succeeds or the signal aborts.
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

  /** Requests the server's health and measures the time. */
  async health() {
    const startedAt = performance.now();
    const answer = await this.ask("readyz");
    this.roundTripMs = performance.now() - startedAt;
    return answer;
  }
}
