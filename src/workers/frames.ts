/**
 * What processes of one server say to each other, over a socket of this machine: frames of a length (4 bytes, little-endian), a
 * kind (1 byte) and so many bytes more.
 */
export const KIND = { message: 1, entry: 2, draft: 3, body: 4 } as const;

export interface Frame {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

const HEAD = 5;
/** No batch and no slice of a file is larger. */
const FRAME_BYTES_MAX = 512 * 1_024 * 1_024;

/** A frame in one piece, ready to be sent. */
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

/** Finds the frames in what comes piece by piece. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** @returns the frames that are whole now @throws {RangeError} for what cannot be a frame */
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

  /** Bytes of the frame that comes next, as far as is known. */
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
