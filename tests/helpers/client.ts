// deno-lint-ignore-file no-explicit-any -- frames are whatever the server sends
import { until } from "./until.mjs";

/** A WebSocket client that stores messages until the test reads them. */
export class Client {
  readonly #socket: WebSocket;
  readonly #received: any[] = [];
  #close: { code: number; reason: string } | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#received.push(JSON.parse(data));
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.#close = { code, reason };
    });
  }

  static connect(url: string, Socket: new (url: string) => WebSocket = WebSocket): Promise<Client> {
    const socket = new Socket(url);
    const client = new Client(socket);
    return new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve(client));
      socket.addEventListener("error", () => reject(new Error(`Cannot connect to ${url}`)));
    });
  }

  send(frame: unknown): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  sendBinary(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
  }

  /** The next message, or the next that fits; earlier ones are dropped. */
  async next(fits: (message: any) => boolean = () => true): Promise<any> {
    const isOver = () => this.#received.some(fits) || this.#close !== undefined;
    await until("a message comes that fits", () => this.#received, isOver);
    const at = this.#received.findIndex(fits);
    if (at >= 0) return this.#received.splice(0, at + 1).at(-1);
    throw new Error(`Cannot wait: closed with ${this.#close!.code} ${this.#close!.reason}`);
  }

  /** All messages that have not been read. */
  drain(): any[] {
    return this.#received.splice(0);
  }

  closed(): Promise<{ code: number; reason: string }> {
    return until("the socket is closed", () => this.#close);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed();
  }
}
