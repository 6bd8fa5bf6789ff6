/**
 * The protocol between processes of one server, over a local socket. A frame has the length of its
 * content (4 bytes, little-endian), its kind (1 byte) and the content.
 */
export const KIND = { message: 1, entry: 2, draft: 3, body: 4 } as const;

export interface Frame {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

const HEAD = 5;
/** More than any batch and any part of a file. */
const FRAME_BYTES_MAX = 512 * 1_024 * 1_024;

/** Builds a frame for sending. */
export function frameOf(kind: number, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEAD + bytes.length);
  new DataView(frame.buffer).setUint32(0, bytes.length, true);
  frame[4] = kind;
  frame.set(bytes, HEAD);
  return frame;
}

export function messageFrame(message: object): Uint8Array {
  return frameOf(KIND.message, new TextEncoder().encode(JSON.stringify(message)));
}

export function messageIn<Message>({ bytes }: Frame): Message {
  return JSON.parse(new TextDecoder().decode(bytes)) as Message;
}

/** Splits the received pieces into frames. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** @returns the frames that are complete now @throws {RangeError} if the length is impossible */
  read(piece: Uint8Array): Frame[] {
    this.#pieces.push(piece);
    this.#length += piece.length;
    const frames: Frame[] = [];
    for (let size = this.#size(); size <= this.#length; size = this.#size()) {
      const bytes = this.#joined();
      frames.push({ kind: bytes[4]!, bytes: bytes.subarray(HEAD, size) });
      this.#pieces = [bytes.subarray(size)];
      this.#length -= size;
    }
    return frames;
  }

  /** Bytes of the next frame; only its head until the length is known. */
  #size(): number {
    if (this.#length < HEAD) return HEAD;
    let [first] = this.#pieces;
    if (first!.length < HEAD) first = this.#joined();
    const length = new DataView(first!.buffer, first!.byteOffset).getUint32(0, true);
    if (length > FRAME_BYTES_MAX) throw new RangeError(`Cannot read a frame of ${length} bytes`);
    return HEAD + length;
  }

  #joined(): Uint8Array {
    if (this.#pieces.length > 1) {
      const all = new Uint8Array(this.#length);
      let at = 0;
      for (const piece of this.#pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      this.#pieces = [all];
    }
    return this.#pieces[0]!;
  }
}
