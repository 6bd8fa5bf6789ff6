import { accessSync, constants, createReadStream, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { parseDuration } from "../core/duration.ts";
import { symbolFault, type Tick } from "../core/tick.ts";
import {
  csvReader,
  type NumberedRecord,
  readJsonLine,
  readRecords,
  RecordFault,
  type RecordFormat,
  toTick,
} from "../wire/records.ts";
import {
  checkOptions,
  type Feed,
  type FeedContext,
  type FeedSpec,
  flagOption,
  numberOption,
} from "./feed.ts";

const TICK_FIELDS = ["symbol", "time", "price", "size", "bid", "ask"];
/** As many broken records are reported one by one; the others are counted. */
const REPORTED_MAX = 20;
const BATCH_MAX = 1_000;

interface Settings {
  readonly name: string;
  readonly path: string;
  readonly format: RecordFormat;
  /** Times as fast as recorded; 0 is as fast as it can be read. */
  readonly speed: number;
  readonly loop: boolean;
  readonly rebase: boolean;
  /** Spacing of the ticks of a file without times. */
  readonly everyMs: number | undefined;
  readonly symbol: string | undefined;
  /** Name in the file of each field of a tick. */
  readonly map: ReadonlyMap<string, string>;
}

/**
 * Plays a CSV, JSON or NDJSON file: `replay:ticks.csv?speed=60&rebase&loop&map=time:Date,price:Close`.
 * Recorded times are ISO 8601, milliseconds or seconds, and without a zone UTC.
 * @throws {RangeError} for an option that cannot be used or a file that cannot be read
 */
export function replay(spec: FeedSpec): Feed {
  checkOptions(spec, ["speed", "loop", "rebase", "map", "symbol", "every"]);
  const path = spec.what;
  checkReadable(spec, path);
  const every = spec.options.get("every");
  const everyMs = every === null ? undefined : parseDuration(every);
  if (every !== null && (everyMs === undefined || everyMs === 0)) {
    throw new RangeError(`Cannot use feed ${spec.name}: every=${every} is not a duration`);
  }
  const symbol = spec.options.get("symbol") ?? undefined;
  const fault = symbol === undefined ? undefined : symbolFault(symbol);
  if (fault !== undefined) {
    throw new RangeError(
      `Cannot use feed ${spec.name}: symbol ${JSON.stringify(symbol)}: ${fault}`,
    );
  }
  const settings: Settings = {
    name: path,
    path,
    format: formatOf(path),
    speed: numberOption(spec, "speed", 1),
    loop: flagOption(spec, "loop"),
    rebase: flagOption(spec, "rebase"),
    everyMs,
    symbol,
    map: readMap(spec),
  };
  return { name: spec.name, run: (context) => new Player(context, settings).run() };
}

/** One run through the file, or many with `loop`. */
class Player {
  readonly #context: FeedContext;
  readonly #settings: Settings;
  #batch: Tick[] = [];
  #broken = 0;
  /** When playing began by the clock, and the recorded time that was played then. */
  #origin: { readonly clock: number; readonly recorded: number } | undefined;
  /** Recorded time and number of the ticks of this pass. */
  #first = 0;
  #last = -Infinity;
  #count = 0;
  /** What is added to recorded times, so that a pass follows the one before. */
  #shift = 0;

  constructor(context: FeedContext, settings: Settings) {
    this.#context = context;
    this.#settings = settings;
  }

  async run(): Promise<void> {
    const { context, settings } = { context: this.#context, settings: this.#settings };
    context.ready();
    do {
      this.#count = 0;
      this.#broken = 0;
      for await (const record of readFileRecords(settings.path, settings.format)) {
        if (context.signal.aborted) return;
        await this.#play(record);
      }
      await this.#flush();
      this.#report();
      if (this.#count === 0) return;
      // The next pass begins one usual gap after the end of this one.
      const span = this.#last - this.#first;
      const { everyMs = 1_000 } = settings;
      const gap = this.#count > 1 ? span / (this.#count - 1) : everyMs;
      this.#shift += span > 0 ? span + gap : everyMs * this.#count - span;
    } while (settings.loop && !context.signal.aborted);
  }

  async #play({ number, value }: NumberedRecord): Promise<void> {
    const { speed, rebase, everyMs } = this.#settings;
    const now = this.#context.now();
    let recorded: Tick;
    try {
      if (value instanceof RecordFault) throw value;
      recorded = this.#read(value, now);
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      this.#complain(number, error.message);
      return;
    }
    const time = everyMs === undefined ? recorded.time : this.#count * everyMs;
    if (this.#count++ === 0) this.#first = time;
    this.#last = time;
    const moved = time + this.#shift;
    this.#origin ??= { clock: now, recorded: moved };
    const pace = everyMs === undefined ? speed : 1;
    if (pace === 0) {
      this.#batch.push({ ...recorded, time: rebase ? now : moved });
      if (this.#batch.length >= BATCH_MAX) await this.#flush();
      return;
    }
    const due = this.#origin.clock + (moved - this.#origin.recorded) / pace;
    if (due > now) {
      await this.#flush();
      await this.#context.sleep(due - this.#context.now());
      if (this.#context.signal.aborted) return;
    } else if (this.#batch.length >= BATCH_MAX) {
      await this.#flush();
    }
    this.#batch.push({ ...recorded, time: rebase || everyMs !== undefined ? due : moved });
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    await this.#context.emit(batch);
    await this.#context.sleep(0);
  }

  /** @throws {RecordFault} */
  #read(value: unknown, now: number): Tick {
    const { format, map, symbol, everyMs } = this.#settings;
    const record = typeof value === "number" ? { price: value } : rename(value, map);
    if (everyMs === undefined && !hasTime(record)) {
      throw new RecordFault("time is missing: name its column with map, or give every=100ms");
    }
    return toTick(record, { now, recorded: true, symbol }, format === "csv");
  }

  #complain(number: number, reason: string): void {
    this.#broken++;
    if (this.#broken > REPORTED_MAX) return;
    const { format, path } = this.#settings;
    const unit = format === "json" ? "record" : "line";
    this.#context.warn(`Cannot replay ${path}: ${unit} ${number}: ${reason}`);
  }

  #report(): void {
    if (this.#broken === 0) return;
    const { path } = this.#settings;
    this.#context.warn(
      `Left out ${this.#broken} broken records of ${path}, played ${this.#count}`,
    );
  }
}

async function* readFileRecords(
  path: string,
  format: RecordFormat,
): AsyncGenerator<NumberedRecord> {
  if (format === "json") {
    yield* readRecords(await readFile(path, "utf8"), "json");
    return;
  }
  const read = format === "csv" ? csvReader() : readJsonLine;
  const lines = createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity });
  let number = 0;
  for await (const line of lines) {
    number++;
    const text = number === 1 && line.startsWith("\uFEFF") ? line.slice(1) : line;
    if (text.trim() === "") continue;
    const value = read(text);
    if (value !== undefined) yield { number, value };
  }
}

function rename(value: unknown, map: ReadonlyMap<string, string>): unknown {
  if (map.size === 0 || typeof value !== "object" || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const renamed: Record<string, unknown> = { ...fields };
  for (const [field, name] of map) renamed[field] = fields[name];
  return renamed;
}

function hasTime(record: unknown): boolean {
  if (typeof record !== "object" || record === null) return false;
  const { time } = record as { time?: unknown };
  return time !== undefined && time !== null && time !== "";
}

function readMap(spec: FeedSpec): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const pair of (spec.options.get("map") ?? "").split(",").filter((text) => text !== "")) {
    const colon = pair.indexOf(":");
    const field = pair.slice(0, colon);
    if (colon < 1 || !TICK_FIELDS.includes(field) || colon === pair.length - 1) {
      throw new RangeError(
        `Cannot use feed ${spec.name}: map ${pair} is not FIELD:NAME with a field of ${
          TICK_FIELDS.join(", ")
        }`,
      );
    }
    map.set(field, pair.slice(colon + 1));
  }
  return map;
}

function checkReadable({ name }: FeedSpec, path: string): void {
  if (path === "") {
    throw new RangeError(`Cannot use feed ${name}: name a file, as in replay:ticks.csv`);
  }
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    const { code } = cause as { code?: string };
    const reason = code === "ENOENT" ? "there is no such file" : `it is not readable (${code})`;
    throw new RangeError(`Cannot use feed ${name}: ${path}: ${reason}`, { cause });
  }
  if (!statSync(path).isFile()) {
    throw new RangeError(`Cannot use feed ${name}: ${path} is not a file`);
  }
}

function formatOf(path: string): RecordFormat {
  if (/\.json$/i.test(path)) return "json";
  return /\.(ndjson|jsonl)$/i.test(path) ? "ndjson" : "csv";
}
