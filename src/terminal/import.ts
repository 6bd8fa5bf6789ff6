import { createReadStream, statSync } from "node:fs";
import type { GivenBar } from "../core/given_bar.ts";
import type { Tick } from "../core/tick.ts";
import { type Form, FormFault, readForm, writeForm } from "../records/form.ts";
import type { Layout, Taken } from "../records/layout.ts";
import { ofSource, RecordReader } from "../records/record_reader.ts";
import { CommandError } from "./server.ts";
import type { Terminal } from "./terminal.ts";
import { type Batch, type Load, transfer, type TransferOptions } from "./transfer.ts";

export interface ImportOptions extends TransferOptions {
  /** None means standard input. */
  readonly files: readonly string[];
  /** The form of the records, by option. */
  readonly form: Readonly<Record<string, string>>;
  /** Ticks or bars per request. */
  readonly batch: number;
  /** Report what was understood, and send nothing. */
  readonly isDry?: boolean;
  /** Stop at the first bad record, and do not report how the records are read. */
  readonly isStrict?: boolean;
  /** The content of the only file, or of standard input, if the caller has opened it. */
  readonly chunks?: AsyncIterable<Uint8Array>;
}

/** Number of records that show how a file is read, and most errors to report. */
const SHOWN = 3;
const REPORTED_MAX = 20;
const NAME = "standard input";

/** `tickwire import`: sends files of any form to a running server. It reports first how it reads them. */
export async function importFiles(terminal: Terminal, options: ImportOptions): Promise<void> {
  const sources = sourcesOf(terminal, options);
  if (options.isDry === true) {
    for (const source of sources) await source.describe();
    return;
  }
  await transfer(terminal, options, () => loadOf(sources, options));
  const empty = sources.find(({ taken }) => taken === 0);
  if (empty !== undefined) throw empty.nothing();
}

function sourcesOf(
  terminal: Terminal,
  { files, form, isStrict = false, chunks }: ImportOptions,
): Source[] {
  const symbols = form["symbol"]?.split(",") ?? [];
  if (symbols.length > 1 && symbols.length !== files.length) {
    throw new CommandError(
      `Cannot use --symbol: it names ${symbols.length} for ${files.length} files`,
    );
  }
  const names = files.length === 0 ? [undefined] : files;
  return names.map((path, index) => {
    const symbol = symbols[index] ?? symbols[0];
    const given = symbol === undefined ? form : { ...form, symbol };
    return new Source(terminal, { path, form: formOf(given), isStrict, chunks });
  });
}

function formOf(options: Readonly<Record<string, string>>): Form {
  try {
    return readForm((option) => options[option]);
  } catch (cause) {
    if (!(cause instanceof FormFault)) throw cause;
    throw new CommandError(`Cannot use the options: ${cause.message}`, { cause });
  }
}

/** The batches of files of any form. */
export function load(terminal: Terminal, options: ImportOptions): Load {
  return loadOf(sourcesOf(terminal, options), options);
}

function loadOf(sources: readonly Source[], { batch }: ImportOptions): Load {
  const sizes = sources.map(({ size }) => size);
  const known = sizes.filter((size) => size !== undefined);
  return {
    bytesAll: known.length < sizes.length ? undefined : known.reduce((sum, size) => sum + size, 0),
    batches: batchesOf(sources, batch),
  };
}

async function* batchesOf(sources: readonly Source[], size: number): AsyncGenerator<Batch> {
  let before = 0;
  for (const source of sources) {
    let waiting: string[] = [];
    let path: Batch["path"] = "ticks";
    const make = (): Batch => ({
      path,
      body: waiting.join(""),
      bytes: before + source.bytes,
      inSource: (reason) => `${source.name}: ${reason}`,
    });
    for await (const { ticks, bars } of source.read()) {
      // A source is of one kind.
      if (bars.length > 0) path = "bars";
      const lines = [...ticks.map(tickLine), ...bars.map(barLine)];
      for (const line of lines) {
        waiting.push(line);
        if (waiting.length < size) continue;
        yield make();
        waiting = [];
      }
    }
    if (waiting.length > 0) yield make();
    before += source.bytes;
  }
}

/** Symbols need no JSON escapes, and template strings write finite numbers as JSON does. */
function tickLine({ symbol, time, price, size, bid, ask }: Tick): string {
  return `{"symbol":"${symbol}","time":${time},"price":${price},"size":${size},"bid":${bid},"ask":${ask}}\n`;
}

function barLine({ symbol, interval, time, open, high, low, close, volume }: GivenBar): string {
  return `{"symbol":"${symbol}","interval":"${interval}","time":${time},"open":${open},"high":${high},"low":${low},"close":${close},"volume":${volume}}\n`;
}

interface SourceOptions {
  /** Undefined means standard input. */
  readonly path: string | undefined;
  readonly form: Form;
  readonly isStrict: boolean;
  readonly chunks: AsyncIterable<Uint8Array> | undefined;
}

/** A file or standard input. */
class Source {
  readonly name: string;
  readonly size: number | undefined;
  /** Number of bytes and records read so far. */
  bytes = 0;
  taken = 0;
  readonly #terminal: Terminal;
  readonly #options: SourceOptions;
  readonly #reader: RecordReader;
  #broken = 0;
  #firstBroken: string | undefined;

  constructor(terminal: Terminal, options: SourceOptions) {
    const { path, form, isStrict } = options;
    this.#terminal = terminal;
    this.#options = options;
    this.name = path ?? NAME;
    this.size = path === undefined ? undefined : sizeOf(path);
    this.#reader = new RecordReader({
      form,
      // `send` gives records without a time the current time.
      timeless: isStrict ? undefined : "",
      takesBars: true,
      now: () => terminal.now(),
      broken: (reason) => this.#complain(reason),
      stopsAtBroken: isStrict,
    });
  }

  /** Reads all records, the oldest first. @throws {CommandError} */
  async *read(): AsyncGenerator<Taken> {
    const { isStrict } = this.#options;
    let isTold = isStrict;
    try {
      for await (const taken of this.#reader.readInOrder(this.#chunks())) {
        // Without its last lines, a reversed file would not be the same again when it is resumed.
        if (this.#isStopped && this.#reader.layout?.parts.isNewestFirst === true) break;
        const count = taken.ticks.length + taken.bars.length;
        if (!isTold && count > 0) {
          await this.#tell(this.#reader.layout!, taken);
          isTold = true;
        }
        this.taken += count;
        yield taken;
      }
    } catch (error) {
      const cause = ofSource(error, this.name);
      if (cause instanceof FormFault) throw new CommandError(cause.message, { cause });
      throw error;
    }
    if (this.#isStopped) throw new CommandError(`Cannot read ${this.name}: ${this.#firstBroken}`);
    if (this.#broken === 0) return;
    const counts = `${this.#broken} broken records of ${this.name}, took ${this.taken}`;
    this.#terminal.complain(`Left out ${counts}`);
  }

  /** Reports how the source is read. @throws {CommandError} without a usable record */
  async describe(): Promise<void> {
    for await (const _ of this.read()) if (this.taken > 0) return;
    throw this.nothing();
  }

  nothing(): CommandError {
    const why = this.#firstBroken === undefined ? "it has no records" : this.#firstBroken;
    return new CommandError(`Cannot import ${this.name}: nothing could be taken: ${why}`);
  }

  get #isStopped(): boolean {
    return this.#options.isStrict && this.#firstBroken !== undefined;
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    const { path, chunks } = this.#options;
    const stream = chunks ??
      (path === undefined ? this.#terminal.input.stream : createReadStream(path));
    for await (const chunk of stream) {
      const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
      this.bytes += bytes.length;
      yield bytes;
    }
  }

  #complain(reason: string): void {
    this.#firstBroken ??= reason;
    if (this.#options.isStrict) return;
    if (++this.#broken > REPORTED_MAX) return;
    const last = this.#broken === REPORTED_MAX ? "; further ones are only counted" : "";
    this.#terminal.complain(`Cannot read ${this.name}: ${reason}${last}`);
  }

  async #tell({ parts }: Layout, { ticks, bars }: Taken): Promise<void> {
    const { form, isBar, isNewestFirst, unused } = parts;
    const what = isBar ? `bars of ${form.interval}` : "ticks";
    const left = unused.filter((name) => name !== "");
    const lines = [
      `${this.name}: ${what}${isNewestFirst ? ", the newest first" : ""}`,
      ...[...ticks, ...bars].slice(0, SHOWN).map((record) => `  ${recordText(record)}`),
      ...left.length === 0 ? [] : [`  not taken: ${left.join(", ")}`],
      `  --feed 'replay:${this.name}?${writeForm(form)}&speed=0'`,
    ];
    await this.#terminal.write(`${lines.join("\n")}\n`);
  }
}

function recordText({ symbol, time, ...values }: Tick | GivenBar): string {
  const known = Object.entries(values).filter(([, value]) => typeof value === "number");
  const shown = known.map(([name, value]) => `${name} ${value}`);
  return [symbol, new Date(time).toISOString(), ...shown].join("  ");
}

/** @throws {CommandError} for a file that cannot be read */
export function sizeOf(file: string): number {
  let stats;
  try {
    stats = statSync(file);
  } catch (cause) {
    const { code } = cause as { code?: string };
    const reason = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
    throw new CommandError(`Cannot read ${file}: ${reason}`, { cause });
  }
  if (stats.isDirectory()) throw new CommandError(`Cannot read ${file}: it is a folder`);
  return stats.size;
}
