import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { importFiles, load, sizeOf } from "./import.ts";
import { CommandError } from "./server.ts";
import type { Terminal } from "./terminal.ts";
import { type Batch, type Load, transfer, type TransferOptions } from "./transfer.ts";

/** Formats that are sent as they are. All others go through the reader of `import`. */
const PLAIN_FORMATS = ["ndjson", "json"];

export interface SendOptions extends TransferOptions {
  /** Undefined means standard input. */
  readonly file?: string | undefined;
  /** Ticks per request. */
  readonly batch: number;
  /** The form of the records, by option. Without a format, the file's name or its first line decides. */
  readonly form?: Readonly<Record<string, string>>;
}

/** A first record that is a bar, which the reader of `import` takes. */
const CANDLE = /^\[?\s*\{[^}]*"open"\s*:/i;

const LINE_LENGTH_MAX = 1_000_000;

/**
 * `tickwire send`: sends ticks from a file or standard input to a running server, in order. It sends plain JSON
 * as it is. It reads everything else, and records with options for their form, as `import` does.
 */
export async function send(terminal: Terminal, options: SendOptions): Promise<void> {
  const { file, form = {} } = options;
  if (file === undefined && terminal.input.isKeyboard) {
    terminal.complain("Reading ticks from the keyboard; end with Ctrl-D");
  }
  const { format, ...others } = form;
  if (Object.keys(others).length > 0 || !(format === undefined || PLAIN_FORMATS.includes(format))) {
    return await importFiles(terminal, readAsImport(options));
  }
  await transfer(terminal, options, () => open(terminal, options));
}

function readAsImport({ file, form = {}, ...options }: SendOptions) {
  return { ...options, files: file === undefined ? [] : [file], form, isStrict: true };
}

/** Replaces a line number of the batch by that of the file. */
function inFile(reason: string, numbers: readonly number[]): string {
  return reason.replace(
    /: line (\d+):/,
    (whole, line) => `: line ${numbers[Number(line) - 1] ?? whole}:`,
  );
}

async function open(terminal: Terminal, options: SendOptions): Promise<Load> {
  const { file, batch } = options;
  const bytesAll = file === undefined ? undefined : sizeOf(file);
  const input = file === undefined ? terminal.input.stream : createReadStream(file);
  const { start, chunks } = await peek(input);
  // Nothing at all is no error: a program may have nothing to send.
  if (start === "") return { batches: none(), bytesAll };
  const named = options.form?.["format"] ?? formatOf(file, start);
  const format = CANDLE.test(start) ? undefined : named;
  if (format === undefined) return load(terminal, { ...readAsImport(options), chunks });
  const lines = linesOf(Readable.from(chunks));
  return { batches: batchesOf(format === "json" ? recordsOf(lines) : lines, batch), bytesAll };
}

async function* none(): AsyncGenerator<Batch> {}

/** @returns `undefined` if it is not plain JSON */
function formatOf(file: string | undefined, start: string): string | undefined {
  const named = PLAIN_FORMATS.find((format) => file?.toLowerCase().endsWith(`.${format}`));
  if (named !== undefined) return named;
  if (start.startsWith("[")) return "json";
  return start.startsWith("{") ? "ndjson" : undefined;
}

/** @returns the beginning of the text, empty if it is blank, and all chunks */
async function peek(
  input: AsyncIterable<Uint8Array | string>,
): Promise<{ start: string; chunks: AsyncGenerator<Uint8Array> }> {
  const rest = input[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  let start = "";
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    const bytes = Buffer.from(next.value as Uint8Array);
    read.push(bytes);
    start = bytes.toString().replace(/^\uFEFF/, "").trimStart();
    if (start !== "") break;
  }
  return { start, chunks: following(read, rest) };
}

async function* following(
  read: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array | string>,
): AsyncGenerator<Uint8Array> {
  yield* read;
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    yield Buffer.from(next.value as Uint8Array);
  }
}

interface Line {
  readonly number: number;
  readonly text: string;
  readonly bytes: number;
}

/** Lines that are not empty. */
async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<Line> {
  let number = 0, bytes = 0;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number++;
    bytes += line.length + 1;
    if (line.length > LINE_LENGTH_MAX) {
      throw new CommandError(`Cannot read line ${number}: it has ${line.length} characters`);
    }
    const text = (number === 1 ? line.replace(/^\uFEFF/, "") : line).trim();
    if (text !== "") yield { number, text, bytes };
  }
}

/** The records of one JSON text as lines. The text must be read as a whole. */
async function* recordsOf(lines: AsyncGenerator<Line>): AsyncGenerator<Line> {
  let text = "", bytes = 0;
  for await (const line of lines) {
    text += `${line.text}\n`;
    bytes = line.bytes;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new CommandError(`Cannot read the ticks: ${(cause as Error).message}`, { cause });
  }
  const records = Array.isArray(parsed) ? parsed : [parsed];
  for (const [index, record] of records.entries()) {
    const share = (index + 1) / records.length;
    yield { number: index + 1, text: JSON.stringify(record), bytes: Math.round(bytes * share) };
  }
}

async function* batchesOf(lines: AsyncIterable<Line>, size: number): AsyncGenerator<Batch> {
  let texts: string[] = [], numbers: number[] = [];
  let bytes = 0;
  const make = (): Batch => {
    const own = numbers;
    const body = `${texts.join("\n")}\n`;
    return { path: "ticks", body, bytes, inSource: (reason) => inFile(reason, own) };
  };
  for await (const line of lines) {
    texts.push(line.text);
    numbers.push(line.number);
    bytes = line.bytes;
    if (texts.length < size) continue;
    yield make();
    [texts, numbers] = [[], []];
  }
  if (texts.length > 0) yield make();
}
