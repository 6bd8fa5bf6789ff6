// deno-lint-ignore-file no-explicit-any -- frames are whatever the server sends
const PATIENCE_MS = 10_000;

/** A WebSocket client that keeps what it receives until the test asks for it. */
export class Client {
  readonly #socket: WebSocket;
  readonly #received: any[] = [];
  #wake: () => void = () => {};
  #close: { code: number; reason: string } | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#received.push(JSON.parse(data));
      this.#wake();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.#close = { code, reason };
      this.#wake();
    });
  }

  static connect(url: string): Promise<Client> {
    const socket = new WebSocket(url);
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

  /** The next message, or the next that fits; what came before is dropped. */
  async next(fits: (message: any) => boolean = () => true): Promise<any> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      while (this.#received.length > 0) {
        const message = this.#received.shift();
        if (fits(message)) return message;
      }
      if (this.#close !== undefined) {
        throw new Error(`Cannot wait: closed with ${this.#close.code} ${this.#close.reason}`);
      }
      await this.#wait(deadline);
    }
  }

  /** What has been received and not been asked for. */
  drain(): any[] {
    return this.#received.splice(0);
  }

  async closed(): Promise<{ code: number; reason: string }> {
    const deadline = Date.now() + PATIENCE_MS;
    while (this.#close === undefined) await this.#wait(deadline);
    return this.#close;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed();
  }

  #wait(deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error("Cannot wait longer: nothing came")),
        Math.max(0, deadline - Date.now()),
      );
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
