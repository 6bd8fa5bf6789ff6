import { createReadStream } from "node:fs";
import type { GivenBar } from "../core/given_bar.ts";
import type { Tick } from "../core/tick.ts";
import { BrokenRecords } from "../records/broken_records.ts";
import type { Form } from "../records/form.ts";
import { ofSource, RecordReader } from "../records/record_reader.ts";
import type { FeedContext } from "./feed.ts";

const BATCH_MAX = 1_000;

/** A tick, or a bar. */
export type Recorded = Tick | GivenBar;

/** Recorded files and how to read them. */
export interface Recording {
  readonly files: readonly RecordedFile[];
  readonly timed: boolean;
  /** Range of recorded times: `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
}

export interface RecordedFile {
  readonly path: string;
  readonly form: Form;
}

/** The records of all files in order of time; files without times one after another. */
export async function* readRecording(
  recording: Recording,
  context: FeedContext,
): AsyncGenerator<Recorded[]> {
  const sources = recording.files.map((file) => readFile(file, recording, context));
  if (sources.length > 1 && recording.timed) yield* merge(sources);
  else for (const source of sources) yield* source;
}

async function* readFile(
  { path, form }: RecordedFile,
  { timed, from, to }: Recording,
  context: FeedContext,
): AsyncGenerator<Recorded[]> {
  const broken = new BrokenRecords(context, path);
  const reader = new RecordReader({
    form,
    takesBars: true,
    timeless: timed ? ", or give every=100ms" : undefined,
    now: () => context.now(),
    broken: (reason) => broken.add(reason),
  });
  let count = 0;
  try {
    for await (const { ticks, bars } of reader.readInOrder(createReadStream(path))) {
      const records = bars.length > 0 ? bars : ticks;
      count += records.length;
      yield timed ? records.filter(({ time }) => time >= from && time < to) : records;
    }
  } catch (error) {
    throw ofSource(error, path);
  }
  broken.report(count);
}

/** Merges sources by time. Of equal times the first source comes first. */
async function* merge(sources: readonly AsyncGenerator<Recorded[]>[]): AsyncGenerator<Recorded[]> {
  const heads = sources.map((source) => new Head(source));
  try {
    for (const head of heads) await head.fill();
    let batch: Recorded[] = [];
    for (let first = earliest(heads); first !== undefined; first = earliest(heads)) {
      batch.push(first.take());
      if (first.isEmpty) await first.fill();
      if (batch.length < BATCH_MAX) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  } finally {
    for (const source of sources) await source.return(undefined);
  }
}

/** @returns the source with the earliest next record; `undefined` if all have ended */
function earliest(heads: readonly Head[]): Head | undefined {
  let first: Head | undefined;
  for (const head of heads) {
    if (!head.isEmpty && (first === undefined || head.time < first.time)) first = head;
  }
  return first;
}

/** The next records of one source. */
class Head {
  readonly #source: AsyncGenerator<Recorded[]>;
  #records: Recorded[] = [];
  #at = 0;

  constructor(source: AsyncGenerator<Recorded[]>) {
    this.#source = source;
  }

  get isEmpty(): boolean {
    return this.#at === this.#records.length;
  }

  get time(): number {
    return this.#records[this.#at]!.time;
  }

  take(): Recorded {
    return this.#records[this.#at++]!;
  }

  /** Reads until there is a record, or the source ends. */
  async fill(): Promise<void> {
    this.#at = 0;
    do {
      const { done, value } = await this.#source.next();
      this.#records = done === true ? [] : value;
      if (done === true) return;
    } while (this.isEmpty);
  }
}
