import { createReadStream, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Meter, meterLine } from "./meter.ts";
import { CommandError, reasonOf, Server, type ServerOptions } from "./server.ts";
import type { Terminal } from "./terminal.ts";

export const SEND_FORMATS = ["ndjson", "json", "csv"] as const;

export interface SendOptions extends ServerOptions {
  /** Standard input when absent. */
  readonly file?: string | undefined;
  /** Told by the file's name or its first line when absent. */
  readonly format?: typeof SEND_FORMATS[number] | undefined;
  /** Ticks in one request. */
  readonly batch: number;
  /** What an earlier run was called that did not come to its end. */
  readonly resume?: string | undefined;
}

/** Lines that go together, with their numbers in the file. */
interface Batch {
  readonly index: number;
  readonly lines: readonly string[];
  readonly numbers: readonly number[];
  /** Bytes of the file up to its end. */
  readonly bytes: number;
}

interface Source {
  readonly isCsv: boolean;
  readonly header: string | undefined;
  readonly batches: AsyncIterable<Batch>;
  readonly bytesAll: number | undefined;
}

const ATTEMPTS_MAX = 10;
const PAUSE_MS_MAX = 10_000;
const LINE_LENGTH_MAX = 1_000_000;

/** `tickwire send`: ticks from a file or standard input to a running server, in their order. */
export async function send(terminal: Terminal, options: SendOptions): Promise<void> {
  const server = new Server(options);
  await server.request("healthz");
  const run = options.resume ??
    Math.floor(terminal.random() * 36 ** 8).toString(36).padStart(8, "0");
  const startedAt = terminal.now();
  const meter: Meter = { startedAt, what: "ticks", count: 0, bytes: 0, bytesAll: undefined };
  try {
    const source = await open(terminal, options);
    meter.bytesAll = source.bytesAll;
    for await (const batch of source.batches) {
      if (terminal.interrupted.aborted) throw new CommandError("Interrupted");
      meter.count += await sendBatch(terminal, server, source, batch, `${run}-${batch.index}`);
      meter.bytes = batch.bytes;
      terminal.progress(meterLine(meter, terminal.now(), terminal.size().columns));
    }
  } catch (error) {
    terminal.progress("");
    if (!(error instanceof CommandError)) throw error;
    if (meter.count === 0 && options.resume === undefined) throw error;
    const sent = `${meter.count.toLocaleString("en-US")} ticks were sent`;
    throw new CommandError(`${error.message}\n${sent}; to go on: --resume ${run}`, {
      cause: error,
    });
  }
  terminal.progress("");
  terminal.complain(meterLine(meter, terminal.now(), Infinity));
}

/** @returns how many ticks the batch had */
async function sendBatch(
  terminal: Terminal,
  server: Server,
  { isCsv, header }: Source,
  { lines, numbers }: Batch,
  key: string,
): Promise<number> {
  const body = `${header === undefined ? "" : `${header}\n`}${lines.join("\n")}\n`;
  const headers = {
    "Content-Type": isCsv ? "text/csv" : "application/x-ndjson",
    "Idempotency-Key": key,
  };
  for (let attempt = 0;; attempt++) {
    let reason: string;
    try {
      const signal = terminal.interrupted;
      const response = await server.ask("ticks", { method: "POST", headers, body, signal });
      if (response.ok) return (await response.json()).accepted;
      reason = await reasonOf(response);
      // Only what may pass is tried again.
      if (![429, 502, 503, 504, 507].includes(response.status)) {
        throw new Refused(inFile(reason, numbers, header === undefined ? 1 : 2));
      }
    } catch (error) {
      const again = error instanceof CommandError && !(error instanceof Refused);
      if (!again || terminal.interrupted.aborted) throw error;
      reason = error.message;
    }
    if (attempt + 1 === ATTEMPTS_MAX) throw new CommandError(reason);
    terminal.progress(`${reason}; trying again`);
    await terminal.sleep(terminal.random() * Math.min(PAUSE_MS_MAX, 500 * 2 ** attempt));
  }
}

/** A batch that the server will not take at any time. */
class Refused extends CommandError {}

/** Names the line of the file where the server names that of the batch. @param first number of its first line */
function inFile(reason: string, numbers: readonly number[], first: number): string {
  return reason.replace(
    /: line (\d+):/,
    (whole, line) => `: line ${numbers[Number(line) - first] ?? whole}:`,
  );
}

async function open(terminal: Terminal, options: SendOptions): Promise<Source> {
  const { file, batch } = options;
  const bytesAll = file === undefined ? undefined : sizeOf(file);
  const { stream, isKeyboard } = terminal.input;
  if (file === undefined && isKeyboard) {
    terminal.complain("Reading ticks from the keyboard; end with Ctrl-D");
  }
  const input = file === undefined ? stream : createReadStream(file);
  const lines = linesOf(input);
  const first = await nextLine(lines);
  const format = options.format ?? formatOf(file, first?.text);
  const rest = format === "json" ? recordsOf(first, lines) : following(first, lines);
  if (format !== "csv") {
    return { isCsv: false, header: undefined, batches: batchesOf(rest, batch), bytesAll };
  }
  const header = await nextLine(rest);
  return { isCsv: true, header: header?.text, batches: batchesOf(rest, batch), bytesAll };
}

function sizeOf(file: string): number {
  let stats;
  try {
    stats = statSync(file);
  } catch (cause) {
    const { code } = cause as { code?: string };
    const reason = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
    throw new CommandError(`Cannot send ${file}: ${reason}`, { cause });
  }
  if (stats.isDirectory()) throw new CommandError(`Cannot send ${file}: it is a folder`);
  return stats.size;
}

function formatOf(file: string | undefined, first = ""): typeof SEND_FORMATS[number] {
  const named = SEND_FORMATS.find((format) => file?.toLowerCase().endsWith(`.${format}`));
  if (named !== undefined) return named;
  if (first.startsWith("[")) return "json";
  return first.startsWith("{") ? "ndjson" : "csv";
}

interface Line {
  readonly number: number;
  readonly text: string;
  readonly bytes: number;
}

/** The lines that are not empty. */
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

/** The records of one JSON text, which has to be read whole, one a line. */
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

async function* batchesOf(lines: AsyncIterable<Line>, size: number): AsyncGenerator<Batch> {
  let index = 0;
  let texts: string[] = [], numbers: number[] = [];
  let bytes = 0;
  for await (const line of lines) {
    texts.push(line.text);
    numbers.push(line.number);
    bytes = line.bytes;
    if (texts.length < size) continue;
    yield { index: index++, lines: texts, numbers, bytes };
    [texts, numbers] = [[], []];
  }
  if (texts.length > 0) yield { index, lines: texts, numbers, bytes };
}
