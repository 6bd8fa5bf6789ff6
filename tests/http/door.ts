import assert from "node:assert/strict";
import type { Connection } from "../../src/runtime/listener.ts";
import { until } from "../helpers/until.mjs";
import { BASE, type TestApp } from "./serve.ts";

/** A client of one of the app's sockets, with the texts it received. */
export class Door {
  readonly #connection: Connection;
  readonly #texts: string[] = [];
  closedWith: { readonly code: number; readonly reason: string } | undefined;

  constructor(server: TestApp, path: string) {
    const headers = { upgrade: "websocket" };
    const accept = server.app.upgrade(new Request(BASE + path, { headers }));
    assert.ok(typeof accept === "function", path);
    this.#connection = accept({
      buffered: 0,
      send: (text) => void this.#texts.push(text),
      close: (code, reason) => void (this.closedWith = { code, reason }),
    });
  }

  send(frame: unknown): void {
    this.#connection.receive(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The next text; `undefined` when the socket is closed. */
  async text(): Promise<string | undefined> {
    await until("a text comes", () => this.#texts.length > 0 || this.closedWith !== undefined);
    return this.#texts.shift();
  }

  // deno-lint-ignore no-explicit-any -- frames are whatever the server sends
  async next(): Promise<any> {
    return JSON.parse(await this.text() ?? "null");
  }

  leave(): void {
    this.#connection.closed();
  }
}
