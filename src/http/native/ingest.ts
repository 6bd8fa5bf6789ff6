import type { GivenBar } from "../../core/given_bar.ts";
import type { Scope } from "../../hub/grant.ts";
import type { Accepted, Writer } from "../../replica/writer.ts";
import { readWholeBatch, type WholeRules } from "../../records/whole_batch.ts";
import { type Batch, type BatchFormat, BatchReader, type BatchRules } from "../../wire/batch.ts";
import { bodyBytes, readBody } from "../body.ts";
import { checkGranted } from "../access/grants.ts";
import type { TimeSlices } from "./history.ts";
import { HttpError } from "../http_error.ts";

export interface IngestOptions {
  /** Maximum size of a batch. */
  readonly bodyBytesMax: number;
  /** Maximum time for the transfer of a body while other requests wait for its space. */
  readonly stalledMsMax: number;
  readonly timeSlices: TimeSlices;
  now(): number;
  /** Adds ticks to the tape, only once for each key. */
  readonly accept: Writer["accept"];
  /** The same for bars. */
  readonly give: Writer["give"];
}

export interface Taken extends Accepted, Pick<Batch, "skipped" | "bad"> {}

/** Plain formats have fixed rules. With a form, its missing parts are detected. */
type Rules = Omit<BatchRules, "now"> | Pick<WholeRules, "form" | "what">;

/** A batch that is in memory already. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly format: BatchFormat;
  readonly key?: string | undefined;
  /** Symbols that the sender may write. */
  readonly scope: Scope;
  /** Resolves when the batch may be read: batches of one sender keep their order on the tape. */
  readonly turn: Promise<void>;
  /** Called when the next batch may be read. */
  read(): void;
}

/** Number of bodies of maximum size in memory, and of requests that wait for space. */
const BODIES_MAX = 4;
const WAITING_MAX = 1_000;
const RETRY_SECONDS = 1;
/** Number of batches from sockets between two pauses: many small ones must not delay other work. */
const SLICE_BATCHES = 32;
export const KEY_LENGTH_MAX = 200;

/**
 * Accepts batches from requests and sockets. The bytes of batches that are not on the tape yet have
 * a limit: above it requests wait, and their bodies are not read until there is space.
 */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #reader = new BatchReader();
  readonly #bytesMax: number;
  #bytes = 0;
  #batches = 0;
  #rest: Promise<void> | undefined;
  readonly #reading = new Set<{ readonly since: number; giveUp(reason: HttpError): void }>();
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#bytesMax = BODIES_MAX * options.bodyBytesMax;
  }

  get bodyBytesMax(): number {
    return this.#options.bodyBytesMax;
  }

  get now(): number {
    return this.#options.now();
  }

  /** Accepts a request's body: all of it, or a part if the rules allow that. @throws if nothing */
  async takeBody(
    request: Request,
    key: string | undefined,
    rules: Rules,
    scope: Scope,
  ): Promise<Taken> {
    checkKey(key);
    const bytes = bodyBytes(request, this.bodyBytesMax);
    await this.#room(bytes);
    try {
      return await this.#take(await this.#read(request), { key, rules, scope });
    } finally {
      this.#leave(bytes);
    }
  }

  /** Accepts a batch that is in memory, if there is space. */
  async take({ bytes, format, key, scope, turn, read }: Received): Promise<Taken> {
    checkKey(key);
    if (this.#bytes + bytes.length > this.#bytesMax) throw busy();
    this.#bytes += bytes.length;
    try {
      await turn;
      await this.#pause();
      return await this.#take(bytes, { key, rules: { format }, scope, read });
    } finally {
      this.#leave(bytes.length);
    }
  }

  /** Refuses bodies that take too long while other requests wait. */
  tend(now: number): void {
    if (this.#waiting.length === 0) return;
    for (const { since, giveUp } of this.#reading) {
      if (now - since < this.#options.stalledMsMax) continue;
      const detail = "Cannot wait for the rest of the body: others wait for its room";
      giveUp(new HttpError(408, "too_slow", detail));
    }
  }

  /** Lets other work run after every `SLICE_BATCHES` batches. */
  async #pause(): Promise<void> {
    if (++this.#batches % SLICE_BATCHES === 0) this.#rest = this.#options.timeSlices.take();
    await this.#rest;
  }

  async #read(request: Request): Promise<Uint8Array> {
    const { promise, reject } = Promise.withResolvers<never>();
    const reading = { since: this.now, giveUp: reject };
    this.#reading.add(reading);
    try {
      return await Promise.race([readBody(request, this.bodyBytesMax), promise]);
    } finally {
      this.#reading.delete(reading);
    }
  }

  async #take(
    bytes: Uint8Array,
    { key, rules, scope, read }: Pick<Received, "key" | "scope"> & Partial<Received> & {
      readonly rules: Rules;
    },
  ): Promise<Taken> {
    const { accept, give } = this.#options;
    const { ticks, bars, skipped, bad } = await this.#batch(bytes, rules);
    // A batch without effect does not use its key up.
    if (bad !== undefined && ticks.length === 0) throw bad;
    checkWritten(bars ?? ticks, scope);
    const attached = { key: key || undefined };
    const taped = bars === undefined ? accept(ticks, attached) : give(bars, attached);
    read?.();
    return { ...await taped, skipped, bad };
  }

  async #batch(
    bytes: Uint8Array,
    rules: Rules,
  ): Promise<Batch & { readonly bars?: readonly GivenBar[] }> {
    const { timeSlices } = this.#options;
    const { now } = this;
    if ("form" in rules) {
      const rest = () => timeSlices.take();
      const { ticks, bars } = await readWholeBatch(bytes, { ...rules, now, rest });
      return { ticks, skipped: 0, ...rules.what === "bars" && { bars } };
    }
    const reading = this.#reader.read(bytes, { ...rules, now });
    let step = reading.next();
    while (!step.done) {
      await timeSlices.take();
      step = reading.next();
    }
    return step.value;
  }

  /** Waits until there is space for a body. */
  async #room(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#bytes + bytes <= this.#bytesMax) {
      this.#bytes += bytes;
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) throw busy();
    // `#leave` counts the bytes before it calls `enter`, so that no other body takes the space.
    await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
  }

  #leave(bytes: number): void {
    this.#bytes -= bytes;
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || this.#bytes + next.bytes > this.#bytesMax) return;
      this.#waiting.shift();
      this.#bytes += next.bytes;
      next.enter();
    }
  }
}

/** @throws {HttpError} for a batch with a record that its sender may not write */
function checkWritten(records: readonly { readonly symbol: string }[], scope: Scope): void {
  if (scope.isAll) return;
  for (const { symbol } of records) checkGranted(scope, symbol, "Cannot write");
}

function checkKey(key: string | undefined): void {
  if (key === undefined || key.length <= KEY_LENGTH_MAX) return;
  const detail = `Cannot use an Idempotency-Key of more than ${KEY_LENGTH_MAX} characters`;
  throw new HttpError(400, "bad_idempotency_key", detail);
}

function busy(): HttpError {
  const detail = "Cannot take the batch now: too many wait to be taken";
  return new HttpError(503, "busy", detail, RETRY_SECONDS);
}
