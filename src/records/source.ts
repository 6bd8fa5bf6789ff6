import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { ColumnarFormat } from "./columnar.ts";
import { type Form, FormFault } from "./form.ts";
import { readLines } from "./lines.ts";
import type { Table } from "./table.ts";
import { TextReader } from "./text_reader.ts";

type Chunks = AsyncIterable<Uint8Array>;
type Kind = "gzip" | "zstd" | "zip" | ColumnarFormat;

/** The first bytes of binary formats. */
const MAGIC: readonly (readonly [Kind, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  ["parquet", [0x50, 0x41, 0x52, 0x31]],
  ["arrow", [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31]],
  ["arrow", [0xff, 0xff, 0xff, 0xff]],
];
/** Most bytes of a columnar file, which must be in memory as a whole. */
const COLUMNAR_BYTES_MAX = 1_073_741_824;

export interface Source {
  readonly chunks: Chunks;
  readonly form: Form;
  /** Whether to read what has arrived without waiting for more. */
  readonly isLive?: boolean;
}

/**
 * Reads records of any form as they arrive, also compressed with gzip or zstd.
 * @throws {FormFault} if the form cannot be detected, or differs from the given one
 */
export async function* readTables({ chunks, form, isLive }: Source): AsyncGenerator<Table> {
  const unpacked = await unpack(chunks);
  const { format } = form;
  const isColumnar = format === "parquet" || format === "arrow" ? format : undefined;
  const kind = unpacked.kind ?? isColumnar;
  if (kind === "parquet" || kind === "arrow") {
    // Its libraries are loaded only where there is such a file.
    const { readColumnar } = await import("./columnar.ts");
    yield* readColumnar(await whole(unpacked.chunks), kind);
    return;
  }
  const reader = new TextReader(form, isLive);
  for await (const lines of readLines(unpacked.chunks)) {
    const table = reader.read(lines);
    if (table !== undefined) yield table;
  }
  const last = reader.end();
  if (last !== undefined) yield last;
}

/** @throws {FormFault} for an archive, which may contain several files */
async function unpack(
  chunks: Chunks,
  depth = 0,
): Promise<{ kind: ColumnarFormat | undefined; chunks: Chunks }> {
  const { start, rest } = await peek(chunks);
  const kind = kindOf(start);
  const all = following(start, rest);
  if (kind === "zip") {
    throw new FormFault("it is a ZIP archive, as XLSX is: unpack it, or save it as CSV");
  }
  if (kind !== "gzip" && kind !== "zstd") return { kind, chunks: all };
  if (depth > 1) throw new FormFault("it is packed again and again");
  return await unpack(unpackWith(kind, all), depth + 1);
}

/** @throws {FormFault} for damaged or incomplete data */
async function* unpackWith(kind: "gzip" | "zstd", chunks: Chunks): Chunks {
  const packed = Readable.from(chunks);
  const unpacked = kind === "gzip" ? createGunzip() : createZstdDecompress();
  packed.on("error", (error) => unpacked.destroy(error));
  unpacked.on("close", () => packed.destroy());
  let failed: unknown;
  packed.on("error", (error) => failed = error);
  try {
    yield* packed.pipe(unpacked);
  } catch (cause) {
    if (failed !== undefined) throw failed;
    throw new FormFault(`what is packed in it is damaged or cut off: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Reads enough bytes to detect the format. */
async function peek(
  chunks: Chunks,
): Promise<{ start: Uint8Array; rest: AsyncIterator<Uint8Array> }> {
  const rest = chunks[Symbol.asyncIterator]();
  let start: Uint8Array = new Uint8Array();
  for (;;) {
    const isOpen = MAGIC.some(([, magic]) =>
      start.length < magic.length && start.every((byte, index) => byte === magic[index])
    );
    if (!isOpen) return { start, rest };
    const { value, done } = await rest.next();
    if (done) return { start, rest };
    start = start.length === 0 ? value : new Uint8Array([...start, ...value]);
  }
}

function kindOf(start: Uint8Array): Kind | undefined {
  return MAGIC.find(([, magic]) => magic.every((byte, index) => start[index] === byte))?.[0];
}

async function* following(start: Uint8Array, rest: AsyncIterator<Uint8Array>): Chunks {
  try {
    if (start.length > 0) yield start;
    yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    await rest.return?.();
  }
}

async function whole(chunks: Chunks): Promise<Uint8Array<ArrayBuffer>> {
  const all: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    all.push(chunk);
    length += chunk.length;
    if (length > COLUMNAR_BYTES_MAX) {
      throw new FormFault(
        `it has more than ${COLUMNAR_BYTES_MAX} bytes: cut it into several files`,
      );
    }
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of all) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
