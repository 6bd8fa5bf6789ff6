import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { importFiles, sizeOf } from "./import.ts";
import { CommandError } from "./server.ts";
import type { Terminal } from "./terminal.ts";
import { type Batch, type Load, transfer, type TransferOptions } from "./transfer.ts";

const PLAIN_FORMATS = ["ndjson", "json", "csv"];

export interface SendOptions extends TransferOptions {
  /** Undefined means standard input. */
  readonly file?: string | undefined;
  /** Ticks per request. */
  readonly batch: number;
  /** The form of the records, by option. Without a format, the file's name or its first line decides. */
  readonly form?: Readonly<Record<string, string>>;
}

const LINE_LENGTH_MAX = 1_000_000;

/**
 * `tickwire send`: sends ticks from a file or standard input to a running server, in order. It sends plain records
 * as they are, and converts those with options for their form.
 */
export async function send(terminal: Terminal, options: SendOptions): Promise<void> {
  const { file, form = {} } = options;
  if (file === undefined && terminal.input.isKeyboard) {
    terminal.complain("Reading ticks from the keyboard; end with Ctrl-D");
  }
  const { format, ...others } = form;
  if (Object.keys(others).length > 0 || !(format === undefined || isPlain(format))) {
    const files = file === undefined ? [] : [file];
    return await importFiles(terminal, { ...options, files, form, isStrict: true });
  }
  await transfer(terminal, options, () => open(terminal, options));
}

function isPlain(format: string): boolean {
  return PLAIN_FORMATS.includes(format);
}

/** Replaces a line number of the batch by that of the file. @param first number of the batch's first line */
function inFile(reason: string, numbers: readonly number[], first: number): string {
  return reason.replace(
    /: line (\d+):/,
    (whole, line) => `: line ${numbers[Number(line) - first] ?? whole}:`,
  );
}

async function open(terminal: Terminal, options: SendOptions): Promise<Load> {
  const { file, batch } = options;
  const bytesAll = file === undefined ? undefined : sizeOf(file);
  const lines = linesOf(file === undefined ? terminal.input.stream : createReadStream(file));
  const first = await nextLine(lines);
  const format = options.form?.["format"] ?? formatOf(file, first?.text);
  const rest = format === "json" ? recordsOf(first, lines) : following(first, lines);
  const header = format === "csv" ? await nextLine(rest) : undefined;
  return { batches: batchesOf(rest, batch, header?.text), bytesAll };
}

function formatOf(file: string | undefined, first = ""): string {
  const named = PLAIN_FORMATS.find((format) => file?.toLowerCase().endsWith(`.${format}`));
  if (named !== undefined) return named;
  if (first.startsWith("[")) return "json";
  return first.startsWith("{") ? "ndjson" : "csv";
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

async function nextLine(lines: AsyncGenerator<Line>): Promise<Line | undefined> {
  const { value, done } = await lines.next();
  return done ? undefined : value;
}

async function* following(first: Line | undefined, lines: AsyncGenerator<Line>) {
  if (first === undefined) return;
  yield first;
  yield* lines;
}

/** The records of one JSON text as lines. The text must be read as a whole. */
async function* recordsOf(
  first: Line | undefined,
  lines: AsyncGenerator<Line>,
): AsyncGenerator<Line> {
  let text = "", bytes = 0;
  for await (const line of following(first, lines)) {
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

/** @param header starts each batch, for CSV */
async function* batchesOf(
  lines: AsyncIterable<Line>,
  size: number,
  header: string | undefined,
): AsyncGenerator<Batch> {
  const [type, head, first] = header === undefined
    ? ["application/x-ndjson" as const, "", 1]
    : ["text/csv" as const, `${header}\n`, 2];
  let texts: string[] = [], numbers: number[] = [];
  let bytes = 0;
  const make = (): Batch => {
    const own = numbers;
    const body = `${head}${texts.join("\n")}\n`;
    return { path: "ticks", type, body, bytes, inSource: (reason) => inFile(reason, own, first) };
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
