import type { Context } from "hono";
import { accepts } from "hono/accepts";
import type { Words } from "../../wire/arrow.ts";
import {
  type Column,
  csvWriter,
  joined,
  jsonWriter,
  ndjsonWriter,
  type Rows,
  type Writer,
} from "../../wire/history.ts";
import type { Query } from "../query.ts";

/** Most rows in a slice; other work runs between two slices. */
export const SLICE_ROWS = 2_000;

/** Rows in columns cost less time, so a slice has more of them. */
export const COLUMN_ROWS = 4 * SLICE_ROWS;

/** The rows of an answer, read slice by slice. */
export interface Page<Row> {
  /** Whether all rows have been read. */
  readonly done: boolean;
  /** @param most number of rows, if the rows are columns @returns the next rows, maybe none */
  read(most: number): Rows<Row>;
  /** Query parameters of the next page, if the limit has cut the answer. */
  readonly next?: Readonly<Record<string, string | number>> | undefined;
}

/** The absolute time of a bound for `next`: a relative one would move until then. */
export function absolute(bound: "from" | "to", time: number | undefined): Record<string, number> {
  return time === undefined ? {} : { [bound]: time };
}

/** Runs the slices of all readers one after another; live work runs between any two of them. */
export class TimeSlices {
  readonly #rest: () => Promise<void>;
  #last: Promise<void> = Promise.resolve();

  /** @param rest lets all other pending work run */
  constructor(rest: () => Promise<void>) {
    this.#rest = rest;
  }

  take(): Promise<void> {
    return this.#last = this.#last.then(this.#rest);
  }
}

export interface History<Row> {
  readonly columns: readonly Column<Row>[];
  /** All values of the columns of words. */
  readonly words: Words;
  readonly page: Page<Row>;
  readonly timeSlices: TimeSlices;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

const TYPES = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8",
  arrow: "application/vnd.apache.arrow.stream",
  parquet: "application/vnd.apache.parquet",
} as const;

type FormatName = keyof typeof TYPES;
const FORMATS = Object.keys(TYPES) as FormatName[];

type MakeWriter = <Row>(columns: readonly Column<Row>[], words: Words) => Writer<Row>;

export interface HistoryFormat {
  readonly name: FormatName;
  readonly makeWriter: MakeWriter;
}

/** Format from the parameter `format`, or from `Accept`; JSON if neither names a known format. */
export async function historyFormat(c: Context, query: Query): Promise<HistoryFormat> {
  const bare = (format: FormatName) => TYPES[format].split(";")[0]!;
  const type = accepts(c, { header: "Accept", supports: FORMATS.map(bare), default: TYPES.json });
  const name = query.choice("format", FORMATS, FORMATS.find((format) => bare(format) === type)!);
  return { name, makeWriter: await writerOf(name) };
}

/** The libraries of binary formats are loaded at their first use, because few clients want them. */
async function writerOf(format: FormatName): Promise<MakeWriter> {
  switch (format) {
    case "json":
      return jsonWriter;
    case "ndjson":
      return ndjsonWriter;
    case "csv":
      return csvWriter;
    case "arrow":
      return (await import("../../wire/arrow.ts")).arrowWriter;
    case "parquet":
      return (await import("../../wire/parquet.ts")).parquetWriter;
  }
}

/** Answers with the rows of a page. The server reads further slices at the client's speed. */
export function historyResponse<Row>(
  c: Context,
  { name, makeWriter }: HistoryFormat,
  history: History<Row>,
): Response {
  const { columns, words, page } = history;
  const most = name === "arrow" || name === "parquet" ? COLUMN_ROWS : SLICE_ROWS;
  c.header("Content-Type", TYPES[name]);
  c.header("Vary", "Accept", { append: true });
  if (page.next !== undefined) {
    c.header("Link", `<${nextAddress(c.req.url, page.next)}>; rel="next"`);
    c.header("Tickwire-Next", String(Object.values(page.next)[0]));
  }
  // Before the answer starts, a read error still gets a status of its own.
  const first = page.read(most);
  if (c.req.method === "HEAD") return c.body(null);
  const writer = makeWriter(columns, words);
  const begun = [writer.begin(), writer.rows(first)];
  if (page.done) return c.body(joined([...begun, writer.end()]));
  return c.body(rowStream(history, writer, most, joined(begun)));
}

/** Reads a slice only when the client needs it, so at most one slice waits for a slow client. */
function rowStream<Row>(
  { page, timeSlices, fault }: History<Row>,
  writer: Writer<Row>,
  most: number,
  begun: Uint8Array<ArrayBuffer>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let gone = false;
  return new ReadableStream({
    start: (controller) => controller.enqueue(begun),
    async pull(controller) {
      try {
        let bytes: Uint8Array<ArrayBuffer> = new Uint8Array();
        while (bytes.length === 0 && !page.done) {
          await timeSlices.take();
          if (gone) return;
          bytes = writer.rows(page.read(most));
        }
        if (page.done) bytes = joined([bytes, writer.end()]);
        if (bytes.length > 0) controller.enqueue(bytes);
        if (page.done) controller.close();
      } catch (error) {
        fault(error);
        // An error breaks the answer off, so that the client does not take a part for the whole.
        controller.error(error);
      }
    },
    cancel() {
      gone = true;
    },
  }, { highWaterMark: 0 });
}

function nextAddress(url: string, next: Readonly<Record<string, string | number>>): string {
  const { pathname, searchParams } = new URL(url);
  for (const [name, value] of Object.entries(next)) searchParams.set(name, String(value));
  return `${pathname}?${searchParams}`;
}
