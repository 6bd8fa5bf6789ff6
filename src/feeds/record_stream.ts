import {
  csvReader,
  type NumberedRecord,
  readJsonLine,
  readRecords,
  RecordFault,
  type RecordFormat,
} from "../wire/records.ts";
import { type Line, readLines, readText } from "./lines.ts";

/** A JSON document has to be held as a whole; lines need not be. */
const DOCUMENT_LENGTH_MAX = 67_108_864;

/** Records that have arrived together. */
export interface Records {
  readonly format: RecordFormat;
  readonly records: readonly NumberedRecord[];
}

/**
 * Reads records as they arrive. Without a format the first line tells it.
 * @throws {ClientError} for a JSON document that is none
 */
export async function* readStream(
  chunks: AsyncIterable<Uint8Array>,
  asked?: RecordFormat,
): AsyncGenerator<Records> {
  if (asked === "json") {
    const document = new Document();
    for await (const text of readText(chunks)) document.add(text);
    yield document.read();
    return;
  }
  const reader = new LineReader(asked);
  for await (const lines of readLines(chunks)) {
    const records = reader.read(lines);
    if (records !== undefined) yield records;
  }
  const last = reader.end();
  if (last !== undefined) yield last;
}

/** What a text is, as far as its first line tells. */
export function formatOfLine(line: string): RecordFormat {
  const text = line.trim();
  if (/^[[{].*[[{,]$|^[[{]$/.test(text)) return "json";
  return /^[[{]/.test(text) || /^-?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(text) ? "ndjson" : "csv";
}

class LineReader {
  #format: RecordFormat | undefined;
  readonly #csv = csvReader();
  readonly #document = new Document();

  constructor(format: RecordFormat | undefined) {
    this.#format = format;
  }

  read(lines: readonly Line[]): Records | undefined {
    const records: NumberedRecord[] = [];
    for (const { number, text } of lines) {
      if (text instanceof RecordFault) {
        records.push({ number, value: text });
        continue;
      }
      if (text.trim() === "") continue;
      this.#format ??= formatOfLine(text);
      if (this.#format === "json") {
        this.#document.add(`${text}\n`);
        continue;
      }
      const value = this.#format === "csv" ? this.#csv(text) : readJsonLine(text);
      // A line of JSON may be a list; the header of a CSV text is no record.
      if (Array.isArray(value)) records.push(...value.map((each) => ({ number, value: each })));
      else if (value !== undefined) records.push({ number, value });
    }
    return records.length === 0 ? undefined : { format: this.#format ?? "ndjson", records };
  }

  end(): Records | undefined {
    return this.#format === "json" ? this.#document.read() : undefined;
  }
}

class Document {
  #text = "";

  add(text: string): void {
    this.#text += text;
    if (this.#text.length <= DOCUMENT_LENGTH_MAX) return;
    throw new Error(
      `Cannot read JSON of more than ${DOCUMENT_LENGTH_MAX} characters: write one record on each line`,
    );
  }

  read(): Records {
    return { format: "json", records: [...readRecords(this.#text, "json")] };
  }
}
