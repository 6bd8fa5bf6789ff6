/** Splits a stream of bytes into lines. https://encoding.spec.whatwg.org/#decode */
import type { Line } from "../wire/delimited.ts";
import { RecordFault } from "../wire/record_fault.ts";

/** Most characters of a line, which may contain a whole list of records. */
export const LINE_LENGTH_MAX = 1_048_576;

/** The lines of a stream that may never end, as they arrive. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const cutter = new LineCutter();
  for await (const text of readText(chunks)) {
    const lines = cutter.cut(text);
    if (lines.length > 0) yield lines;
  }
  const last = cutter.end();
  if (last.length > 0) yield last;
}

/** Decodes UTF-8, or UTF-16 with a byte order mark, as Windows writes it. */
export async function* readText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let start: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    let bytes = chunk;
    if (decoder === undefined) {
      start = bytes = start.length === 0 ? chunk : new Uint8Array([...start, ...chunk]);
      if (bytes.length < 2) continue;
      decoder = new TextDecoder(encodingOf(bytes));
    }
    yield decoder.decode(bytes, { stream: true });
  }
  if (decoder === undefined) yield new TextDecoder().decode(start);
  else yield decoder.decode();
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

class LineCutter {
  #number = 0;
  #rest = "";
  #tooLong = false;
  /** Whether invalid characters have arrived, so that lines must be checked. */
  #doubtful = false;

  cut(text: string): Line[] {
    this.#doubtful ||= text.includes("\uFFFD") || text.includes("\0");
    const pieces = text.split("\n");
    pieces[0] = this.#rest + pieces[0]!;
    this.#rest = pieces.pop()!;
    const lines = pieces.map((piece) => this.#line(piece));
    if (this.#rest.length > LINE_LENGTH_MAX) {
      this.#tooLong = true;
      this.#rest = "";
    }
    return lines;
  }

  end(): Line[] {
    return this.#rest === "" && !this.#tooLong ? [] : [this.#line(this.#rest)];
  }

  #line(piece: string): Line {
    const text = piece.endsWith("\r") ? piece.slice(0, -1) : piece;
    const isLong = this.#tooLong || text.length > LINE_LENGTH_MAX;
    this.#tooLong = false;
    const fault = isLong ? `longer than ${LINE_LENGTH_MAX} characters` : this.#faultOf(text);
    const number = ++this.#number;
    return { number, text: fault === undefined ? text : new RecordFault(fault) };
  }

  #faultOf(text: string): string | undefined {
    if (!this.#doubtful) return undefined;
    if (text.includes("\0")) return "binary data, not text";
    return text.includes("\uFFFD") ? "not UTF-8 text" : undefined;
  }
}
