import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { arrowWriter, type Words } from "../../wire/arrow.ts";
import {
  type Column,
  csvWriter,
  joined,
  jsonWriter,
  ndjsonWriter,
  type Rows,
  type Writer,
} from "../../wire/history.ts";
import { parquetWriter } from "../../wire/parquet.ts";
import type { Query } from "../query.ts";

/** Rows that one slice may have: between two slices others have their turn. */
export const SLICE_ROWS = 2_000;

/** As columns rows cost so much less. */
export const COLUMN_ROWS = 4 * SLICE_ROWS;

/** The rows of an answer, read slice by slice. */
export interface Page<Row> {
  /** Whether all rows have been read. */
  readonly done: boolean;
  /** @param most rows, where they come as columns @returns the next rows, perhaps none */
  read(most: number): Rows<Row>;
  /** What to ask next, by parameter of the query, when the limit has cut the answer. */
  readonly next?: Readonly<Record<string, string | number>> | undefined;
}

/** One slice after another, whoever reads: what is live goes on between any two. */
export class TimeSlices {
  readonly #rest: () => Promise<void>;
  #last: Promise<void> = Promise.resolve();

  /** @param rest lets everything else that is due happen */
  constructor(rest: () => Promise<void>) {
    this.#rest = rest;
  }

  take(): Promise<void> {
    return this.#last = this.#last.then(this.#rest);
  }
}

export interface History<Row> {
  readonly columns: readonly Column<Row>[];
  /** Every word that may stand in a column of words. */
  readonly words: Words;
  readonly page: Page<Row>;
  readonly timeSlices: TimeSlices;
  /** Told of errors that are the server's own. */
  fault(error: unknown): void;
}

const TYPES = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8",
  arrow: "application/vnd.apache.arrow.stream",
  parquet: "application/vnd.apache.parquet",
} as const;

export type HistoryFormat = keyof typeof TYPES;
const FORMATS = Object.keys(TYPES) as HistoryFormat[];

/** What is asked for by `format`, else by `Accept`; JSON when neither names a format that there is. */
export function historyFormat(c: Context, query: Query): HistoryFormat {
  const bare = (format: HistoryFormat) => TYPES[format].split(";")[0]!;
  const type = accepts(c, { header: "Accept", supports: FORMATS.map(bare), default: TYPES.json });
  return query.choice("format", FORMATS, FORMATS.find((format) => bare(format) === type)!);
}

/** Answers with the rows of a page; more than one slice is read at the pace of the reader. */
export function historyResponse<Row>(
  c: Context,
  format: HistoryFormat,
  history: History<Row>,
): Response {
  const { page } = history;
  c.header("Content-Type", TYPES[format]);
  c.header("Vary", "Accept", { append: true });
  if (page.next !== undefined) {
    c.header("Link", `<${nextAddress(c.req.url, page.next)}>; rel="next"`);
    c.header("Tickwire-Next", String(Object.values(page.next)[0]));
  }
  // Before the answer begins, what cannot be read is still an error of its own.
  const first = page.read(sliceOf(format));
  if (c.req.method === "HEAD") return c.body(null);
  const writer = writerOf(format, history);
  const begun = [writer.begin(), writer.rows(first)];
  if (page.done) return c.body(joined([...begun, writer.end()]));
  return c.body(rowStream(history, writer, sliceOf(format), joined(begun)));
}

function sliceOf(format: HistoryFormat): number {
  return format === "arrow" || format === "parquet" ? COLUMN_ROWS : SLICE_ROWS;
}

function writerOf<Row>(format: HistoryFormat, { columns, words }: History<Row>): Writer<Row> {
  switch (format) {
    case "json":
      return jsonWriter();
    case "ndjson":
      return ndjsonWriter();
    case "csv":
      return csvWriter(columns);
    case "arrow":
      return arrowWriter(columns, words);
    case "parquet":
      return parquetWriter(columns);
  }
}

/** Nothing is read before it is asked for, so a slow reader has no more than one slice waiting. */
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
        // The connection breaks off: nobody takes a part for the whole.
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
