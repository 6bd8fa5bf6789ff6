import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { until } from "./until.mjs";

/** A WebSocket client on raw bytes. It can send invalid frames and stop reading. */
export class RawClient {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
    const end = () => void (this.#ended = true);
    socket.on("close", end);
    socket.on("error", end);
  }

  static async connect(port: number, path: string): Promise<RawClient> {
    const socket = connect(port, "127.0.0.1");
    const client = new RawClient(socket);
    socket.write([
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      "\r\n",
    ].join("\r\n"));
    const headers = "\r\n\r\n";
    const end = await until(
      "the handshake is answered",
      () => client.#bytes.indexOf(headers),
      (at) => at >= 0,
    );
    client.#bytes = client.#bytes.subarray(end + headers.length);
    return client;
  }

  /** Sends one frame. Opcodes: 1 text, 2 binary, 8 close, 9 ping. */
  send(payload: string | Uint8Array, opcode = 1): void {
    const bytes = Buffer.from(payload as string);
    const header = bytes.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | bytes.length])
      : bytes.length < 65_536
      ? Buffer.from([0x80 | opcode, 0x80 | 126, bytes.length >> 8, bytes.length & 255])
      : Buffer.alloc(10);
    if (bytes.length >= 65_536) {
      header[0] = 0x80 | opcode;
      header[1] = 0x80 | 127;
      header.writeBigUInt64BE(BigInt(bytes.length), 2);
    }
    // A mask of zeros leaves the payload unchanged.
    this.#socket.write(Buffer.concat([header, Buffer.alloc(4), bytes]));
  }

  /** The next frame, or `undefined` after the end of the connection. */
  async next(): Promise<{ opcode: number; payload: Buffer } | undefined> {
    let frame: { opcode: number; payload: Buffer } | undefined;
    await until("a frame comes, or the end", () => (frame = this.#take()) ?? this.#ended);
    return frame;
  }

  /** The code of the close frame; `undefined` without one. */
  async closeCode(): Promise<number | undefined> {
    for (let frame = await this.next(); frame !== undefined; frame = await this.next()) {
      if (frame.opcode === 8) return frame.payload.readUInt16BE(0);
    }
    return undefined;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(): { opcode: number; payload: Buffer } | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    let length = bytes[1]! & 127;
    let start = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      start = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = Number(bytes.readBigUInt64BE(2));
      start = 10;
    }
    if (bytes.length < start + length) return undefined;
    const payload = Buffer.from(bytes.subarray(start, start + length));
    this.#bytes = bytes.subarray(start + length);
    return { opcode: bytes[0]! & 15, payload };
  }
}
