import { gunzipSync } from "node:zlib";
import type { Tick } from "../core/tick.ts";
import type { Mark } from "../log/log.ts";
import { BrokenRecords } from "../records/broken_records.ts";
import { readDocument } from "../records/documents.ts";
import type { Form } from "../records/form.ts";
import type { Taken } from "../records/layout.ts";
import { ofSource, RecordReader } from "../records/record_reader.ts";
import { lookUp, type NumberedRow, type Table } from "../records/table.ts";
import { TextReader } from "../records/text_reader.ts";
import { type FeedContext, type FeedSpec, formOf, SourceFault, unusable } from "./feed.ts";
import { Outbox, type Records } from "./outbox.ts";
import {
  NumberedTrades,
  placeText,
  readPlace,
  type TradePlace,
  writePlace,
} from "./numbered_trades.ts";

/** Options of all feeds with messages, besides those of the form. */
export const MESSAGE_OPTIONS = ["where", "id"];

/** Most ticks that may wait for the tape. Beyond it the feed closes the connection until they are written. */
const PENDING_MAX = 200_000;
const UNPACKED_BYTES_MAX = 16_777_216;

/** How to read the messages of a source. */
export interface MessageSettings {
  readonly form: Form;
  /** Values that a message or its records must have, by field. Others are ignored. */
  readonly where: ReadonlyMap<string, ReadonlySet<string>>;
  /** The field that numbers records, so that none is taken twice. */
  readonly id: string | undefined;
  /** The name of the source in logs and marks. */
  readonly name: string;
}

/** @param name of the source, without secrets. @throws {RangeError} */
export function messageSettings(spec: FeedSpec, name: string): MessageSettings {
  const where = new Map<string, Set<string>>();
  for (const text of spec.options.getAll("where")) {
    const colon = text.indexOf(":");
    if (colon < 1) throw unusable(spec, `where=${text} is not FIELD:VALUE`);
    const field = text.slice(0, colon);
    where.set(field, (where.get(field) ?? new Set()).add(text.slice(colon + 1)));
  }
  return { form: formOf(spec), where, id: spec.options.get("id") ?? undefined, name };
}

/** Data that comes with a message. */
export interface Told {
  /** The symbol of records without one. */
  readonly symbol?: string | undefined;
  /** The position in the source after the message. */
  readonly mark?: Mark | undefined;
}

type Line = NumberedTrades<Tick & { readonly id: number }>;

/**
 * Puts the messages of a source on the tape. It takes numbered records once, stores the position in the source
 * as marks, and logs gaps after a lost connection. It counts records that cannot be read; an error message of
 * the source becomes the feed's error. One inlet serves all connections of a feed.
 */
export class MessageFeed {
  readonly #settings: MessageSettings;
  readonly #context: FeedContext;
  readonly #outbox: Outbox;
  readonly #reader: RecordReader;
  readonly #broken: BrokenRecords;
  readonly #lines = new Map<string, Line>();
  /** Symbols with old records on this connection. */
  readonly #old = new Set<string>();
  /** Time of the newest tick before the lost connection, until the next tick. */
  #brokeAt: number | undefined;
  #newest: number | undefined;
  #isFollowed = false;
  #number = 0;

  constructor(context: FeedContext, settings: MessageSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#outbox = new Outbox(context);
    this.#broken = new BrokenRecords(context, settings.name);
    this.#reader = new RecordReader({
      form: settings.form,
      isLive: true,
      takesBars: true,
      now: () => context.now(),
      broken: (reason) => this.#broken.add(reason),
    });
    const known = context.mark(this.#markName);
    this.#newest = known === undefined ? undefined : Number(known);
  }

  /** Whether the source has never sent a tick. */
  get isNew(): boolean {
    return this.#newest === undefined;
  }

  /** Starts a new connection. @param isFollowed whether the source continues where the last one ended */
  join(isFollowed = false): void {
    this.#isFollowed = isFollowed;
    if (!isFollowed) this.#brokeAt = this.#newest;
    this.#old.clear();
    for (const line of this.#lines.values()) line.join();
  }

  /**
   * @returns whether the message had any tick
   * @throws {SourceFault} for an error that the source reports, or when the tape is far behind
   * @throws {RangeError} when the form of the messages cannot be detected
   */
  take(payload: string | Uint8Array, told: Told = {}): boolean {
    const table = this.#tableOf(payload, told.symbol);
    if (table === undefined) return false;
    let taken: Records;
    try {
      taken = this.#settings.id === undefined ? this.#reader.read(table) : this.#numbered(table);
    } catch (error) {
      throw ofSource(error, this.#settings.name);
    }
    const isEmpty = taken.ticks.length + taken.bars.length === 0;
    if (isEmpty) { for (const { value } of table.rows) checkFault(value); }
    else this.#put(taken, told.mark);
    return !isEmpty;
  }

  /** Resolves when all ticks are on the tape. */
  drained(): Promise<void> {
    return this.#outbox.drained();
  }

  get #markName(): string {
    return `inlet ${this.#settings.name}`;
  }

  #put(taken: Records, mark: Mark | undefined): void {
    const { ticks, bars } = taken;
    if (this.#outbox.size > PENDING_MAX) {
      throw new SourceFault(`The tape is ${PENDING_MAX} ticks behind`);
    }
    const marks = mark === undefined ? [] : [mark];
    for (const { time } of [...ticks, ...bars]) {
      if (this.#newest === undefined || time > this.#newest) this.#newest = time;
    }
    if (this.#settings.id !== undefined) {
      for (const symbol of new Set(ticks.map((tick) => tick.symbol))) {
        const value = writePlace(this.#lines.get(symbol)!.place!);
        marks.push({ name: `${this.#markName} ${symbol}`, value });
      }
    } else if (!this.#isFollowed) this.#tellOfBreak((ticks[0] ?? bars[0])!.time);
    marks.push({ name: this.#markName, value: String(this.#newest) });
    this.#outbox.putAll(taken, ...marks);
  }

  #tellOfBreak(next: number): void {
    if (this.#brokeAt === undefined) return;
    const [from, to] = [this.#brokeAt, next].map((time) => new Date(time).toISOString());
    this.#context.warn(
      `Missed what ${this.#settings.name} sent between ${from} and ${to}`,
    );
    this.#brokeAt = undefined;
  }

  /** The ticks of records with new numbers, and all bars: a bar replaces the known one. */
  #numbered(table: Table): Records {
    const taken: Taken = { ticks: [], bars: [] };
    for (const row of table.rows) {
      // A record without a time of its own gets one that is not earlier.
      const now = this.#context.now();
      const { ticks, bars } = this.#reader.read({ ...table, rows: [row] });
      taken.ticks.push(...this.#once(ticks, row, now));
      taken.bars.push(...bars);
    }
    return taken;
  }

  /** @param now the time before the ticks were read */
  #once(ticks: readonly Tick[], { value }: NumberedRow, now: number): readonly Tick[] {
    const id = Number(lookUp(value, this.#settings.id!));
    if (ticks.length > 0 && !Number.isSafeInteger(id)) {
      this.#leaveOut(`${this.#settings.id} is not an integer`);
      return [];
    }
    return ticks.filter((tick) => {
      const line = this.#lineOf(tick.symbol);
      const before = line.place;
      // Only a record's own time can show that the numbers have started again.
      const time = tick.time < now ? tick.time : Math.min(tick.time, before?.time ?? tick.time);
      const fresh = line.receive([{ ...tick, id, time }], false) ?? line.mended([]).held;
      if (before === undefined || id === before.id) return fresh.length > 0;
      if (fresh.length === 0) this.#tellOfOld(tick.symbol, before);
      else if (id > before.id + 1) {
        const [from, to] = [before, { id, time: tick.time }].map(placeText);
        this.#context.warn(`Missed the trades of ${tick.symbol} between ${from} and ${to}`);
      }
      return fresh.length > 0;
    });
  }

  /** Logs once per connection that records with old numbers are left out. */
  #tellOfOld(symbol: string, { id }: TradePlace): void {
    if (this.#old.has(symbol)) return;
    this.#old.add(symbol);
    this.#context.warn(
      `Left out records of ${symbol} with a number below ${id}: they were taken before`,
    );
  }

  #lineOf(symbol: string): Line {
    let line = this.#lines.get(symbol);
    if (line === undefined) {
      const place = readPlace(this.#context.mark(`${this.#markName} ${symbol}`));
      this.#lines.set(symbol, line = new NumberedTrades(symbol, place));
    }
    return line;
  }

  /** The requested records; `undefined` if the message has none. */
  #tableOf(payload: string | Uint8Array, symbol: string | undefined): Table | undefined {
    const { form, where } = this.#settings;
    const text = typeof payload === "string" ? payload : textOf(payload);
    this.#number++;
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return this.#delimited(text, symbol);
    }
    const outer = [...where].filter(([field]) => lookUp(message, field) !== undefined);
    if (outer.some(([field, values]) => !values.has(String(lookUp(message, field))))) {
      checkFault(message);
      return undefined;
    }
    if (form.path !== undefined && lookUp(message, form.path) === undefined) {
      checkFault(message);
      if (where.size === outer.length) this.#leaveOut(`there is no ${form.path} in it`);
      return undefined;
    }
    const inner = [...where].filter(([field]) => lookUp(message, field) === undefined);
    const table = readDocument(message, form, true);
    const rows = table.rows.filter(({ value }) => {
      const fits = inner.every(([field, values]) => values.has(String(lookUp(value, field))));
      if (!fits) checkFault(value);
      return fits;
    });
    return rows.length === 0 ? undefined : this.#named({ ...table, rows }, symbol);
  }

  /** Reads one or more lines of values. Their columns need names. */
  #delimited(text: string, symbol: string | undefined): Table | undefined {
    const { form } = this.#settings;
    if (form.columns === undefined) {
      this.#leaveOut("it is not JSON, and for CSV its columns have no names");
      return undefined;
    }
    const reader = new TextReader({ header: "none", ...form, format: "csv" });
    const lines = text.split(/\r?\n/).map((line, index) => ({ number: index + 1, text: line }));
    const table = reader.read(lines) ?? reader.end();
    return table && this.#named(table, symbol);
  }

  #named(table: Table, symbol: string | undefined): Table {
    const number = this.#number;
    return {
      ...table,
      unit: "message",
      rows: table.rows.map((row) => ({ number, value: row.value, symbol })),
    };
  }

  #leaveOut(reason: string): void {
    this.#broken.add(`message ${this.#number}: ${reason}`);
  }
}

/** The text of a binary frame, which may be compressed. @throws {SourceFault} */
function textOf(bytes: Uint8Array): string {
  try {
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const plain = isPacked ? gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX }) : bytes;
    return new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SourceFault(`What the source sends is neither text nor gzip: ${reason}`, { cause });
  }
}

const KIND_FIELDS = ["type", "event", "T", "e", "status", "channel", "op", "method"];
const WORDS_FIELDS = ["message", "msg", "reason", "errorMessage", "error_message", "error"];

/** Recognises the error messages of several exchanges. @throws {SourceFault} */
function checkFault(message: unknown): void {
  if (Array.isArray(message)) return message.forEach(checkFault);
  if (typeof message !== "object" || message === null) return;
  const fields = message as Readonly<Record<string, unknown>>;
  const { error } = fields;
  const isFault = (typeof error === "object" && error !== null) ||
    (typeof error === "string" && error !== "") ||
    KIND_FIELDS.some((field) => String(fields[field]).toLowerCase() === "error");
  if (!isFault) return;
  const inner = typeof error === "object" && error !== null ? { ...fields, ...error } : fields;
  const words = WORDS_FIELDS.map((field) => (inner as Record<string, unknown>)[field])
    .filter((text) => typeof text === "string" && text !== "");
  const said = words.length > 0 ? [...new Set(words)].join(": ") : JSON.stringify(message);
  throw new SourceFault(`The source says: ${said.slice(0, 300)}`);
}
