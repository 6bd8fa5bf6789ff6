import { RecordFault } from "../wire/record_fault.ts";
import { readJsonLine } from "../wire/records.ts";
import { AnnotatedReader, isAnnotated } from "./annotated.ts";
import {
  type Cells,
  DelimitedCutter,
  findDelimiters,
  type Line,
  unusedDelimiter,
} from "../wire/delimited.ts";
import { readDocument } from "./documents.ts";
import { type Form, type Format, FormFault } from "./form.ts";
import { looksNumeric } from "./numbers.ts";
import { lookUp, type NumberedRow, type Table } from "./table.ts";

/** Number of lines from which the form of a text is detected. */
export const SAMPLE_LINES = 1_000;
/** Most characters of a JSON document, which must be in memory as a whole. */
const DOCUMENT_LENGTH_MAX = 67_108_864;
const SHOWN_MAX = 40;

/** Turns lines into tables as they arrive. It first detects the missing parts of the form. */
export class TextReader {
  readonly #form: Form;
  readonly #isLive: boolean;
  #skip: number;
  /** Lines for detecting the form. */
  #first: Line[] = [];
  #body: Body | undefined;

  /** @param isLive whether to read what has arrived without waiting for more */
  constructor(form: Form, isLive = false) {
    this.#form = form;
    this.#isLive = isLive;
    this.#skip = form.skip ?? 0;
  }

  /** @throws {FormFault} if the form cannot be detected, or differs from the given one */
  read(lines: readonly Line[]): Table | undefined {
    const some = this.#skip > 0 ? this.#skipped(lines) : lines;
    if (this.#body !== undefined) return this.#body.read(some);
    for (const line of some) if (!isEmpty(line) || this.#first.length > 0) this.#first.push(line);
    return this.#isEnough() ? this.#begin() : undefined;
  }

  end(): Table | undefined {
    const isAll = this.#body === undefined && this.#first.length > 0;
    const table = isAll ? this.#begin(this.#isOneLine()) : undefined;
    const last = this.#body?.end();
    if (table === undefined || last === undefined) return table ?? last;
    return { ...table, ...last, rows: [...table.rows, ...last.rows] };
  }

  /** Whether the lines so far are enough to detect the form. */
  #isEnough(): boolean {
    const [first] = this.#first;
    if (first === undefined || this.#first.length >= SAMPLE_LINES) return first !== undefined;
    const format = this.#formatOf(first);
    if (format === "csv") return this.#isLive && !this.#isOneLine();
    return format === "json" || this.#isLive || !this.#isOneLine();
  }

  #isOneLine(): boolean {
    return this.#first.filter((line) => !isEmpty(line)).length === 1;
  }

  #skipped(lines: readonly Line[]): readonly Line[] {
    const rest = lines.filter(({ number }) => number > this.#skip);
    if (rest.length > 0) this.#skip = 0;
    return rest;
  }

  /** @param isOneLine whether a single line is the whole text, which makes it a document */
  #begin(isOneLine = false): Table | undefined {
    const format = this.#formatOf(this.#first[0]!);
    const form = this.#form;
    const isDocument = format === "json" || (isOneLine && form.format === undefined);
    checkMarkup(this.#first[0]!);
    this.#body = format !== "csv" && isDocument
      ? new DocumentBody(form)
      : format === "ndjson"
      ? new JsonLines(form)
      : delimitedBody(this.#first, form);
    return this.#body.read(this.#first.splice(0));
  }

  #formatOf({ text }: Line): Format {
    if (this.#form.format !== undefined) return this.#form.format;
    if (text instanceof RecordFault) return "csv";
    const format = formatOfLine(text);
    // In a live stream a line that is not JSON is a bad record; in a file it may start a document.
    return format === "ndjson" && !this.#isLive && !isJson(text) ? "json" : format;
  }
}

/** An error or login page would pass for CSV with its first line as the header. */
function checkMarkup({ text }: Line): void {
  if (typeof text !== "string" || !/^\s*<(?!\w+>\s*[,;|\t])/.test(text)) return;
  throw new FormFault("it is HTML or XML, not JSON or CSV");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The format of a text, as far as its first line tells. */
export function formatOfLine(line: string): "json" | "ndjson" | "csv" {
  const text = line.trim();
  const isNested = text.startsWith("[") || text.startsWith("{");
  if (isNested && ["[", "{", ","].includes(text.at(-1)!)) return "json";
  return isNested || /^-?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(text) ? "ndjson" : "csv";
}

function isEmpty({ text }: Line): boolean {
  return typeof text === "string" && text.trim() === "";
}

/** Reads the lines after the form of the text is known. */
interface Body {
  read(lines: readonly Line[]): Table | undefined;
  end(): Table | undefined;
}

class DocumentBody implements Body {
  readonly #form: Form;
  #texts: string[] = [];
  #length = 0;

  constructor(form: Form) {
    this.#form = form;
  }

  read(lines: readonly Line[]): undefined {
    for (const { number, text } of lines) {
      if (text instanceof RecordFault) throw new FormFault(`line ${number}: ${text.message}`);
      this.#texts.push(text);
      this.#length += text.length + 1;
    }
    if (this.#length <= DOCUMENT_LENGTH_MAX) return;
    const most = `JSON of more than ${DOCUMENT_LENGTH_MAX} characters`;
    throw new FormFault(`it is ${most}: write one record on each line`);
  }

  end(): Table {
    return readDocument(parseDocument(this.#texts.join("\n")), this.#form);
  }
}

/** @throws {FormFault} */
export function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormFault(`it is not JSON: ${(cause as Error).message}`, { cause });
  }
}

class JsonLines implements Body {
  readonly #form: Form;

  constructor(form: Form) {
    this.#form = form;
  }

  read(lines: readonly Line[]): Table | undefined {
    const { path, columns } = this.#form;
    const rows: NumberedRow[] = [];
    for (const { number, text } of lines) {
      if (typeof text === "string" && text.trim() === "") continue;
      const parsed = text instanceof RecordFault ? text : readJsonLine(text);
      const value = path === undefined || parsed instanceof RecordFault
        ? parsed
        : lookUp(parsed, path) ?? new RecordFault(`there is no ${path} in it`);
      // A line may contain a list of records.
      const isList = Array.isArray(value) &&
        (columns === undefined || typeof value[0] === "object");
      if (isList) { for (const each of value) rows.push({ number, value: each }); }
      else rows.push({ number, value });
    }
    if (rows.length === 0) return undefined;
    return { unit: "line", columns, rows, usualMark: ".", found: { format: "ndjson" } };
  }

  end(): undefined {}
}

/** @throws {FormFault} if the delimiter or the header cannot be detected */
function delimitedBody(lines: readonly Line[], form: Form): Body {
  const [{ text }] = lines as [Line];
  if (typeof text === "string" && isAnnotated(text)) return new AnnotatedBody();
  const { comment } = form;
  const sample = lines.filter((line) => !isEmpty(line));
  const delimiter = form.delimiter ?? delimiterOf(sample, comment);
  return new DelimitedBody(form, delimiter, sample);
}

function delimiterOf(lines: readonly Line[], comment: string | undefined): string {
  const [first = unusedDelimiter(lines), second] = findDelimiters(lines, comment);
  if (second === undefined) return first;
  const number = lines[0]!.number;
  throw new FormFault(
    `line ${number}: ${first} and ${second} could both be the delimiter: give delimiter=${first}`,
  );
}

class DelimitedBody implements Body {
  readonly #cutter: DelimitedCutter;
  readonly #columns: readonly string[];
  readonly #found: Partial<Form>;
  readonly #isExact: boolean;
  #hasHeader: boolean;

  constructor(form: Form, delimiter: string, sample: readonly Line[]) {
    this.#cutter = new DelimitedCutter(delimiter, form.comment);
    const cutter = new DelimitedCutter(delimiter, form.comment);
    const records = [...cutter.cut(sample), ...cutter.end()];
    const first = records.find(({ cells }) => !(cells instanceof RecordFault)) ??
      { number: records[0]?.number ?? 1, cells: [] };
    const cells = first.cells as readonly string[];
    const isNameless = cells.some((cell) => looksNumeric(cell) || /^\d{1,4}[-./]\d/.test(cell));
    const header = form.header ?? (isNameless ? "none" : "first");
    if (header === "none" && form.columns === undefined) throw nameless(first, isNameless);
    this.#hasHeader = header === "first";
    this.#isExact = form.columns === undefined;
    this.#columns = form.columns ?? cells;
    if (this.#isExact) checkNames(first.number, this.#columns);
    this.#found = { format: "csv", delimiter, header };
  }

  read(lines: readonly Line[]): Table | undefined {
    return this.#table(this.#cutter.cut(lines));
  }

  end(): Table | undefined {
    return this.#table(this.#cutter.end());
  }

  #table(records: readonly Cells[]): Table | undefined {
    const rows: NumberedRow[] = [];
    for (const { number, cells } of records) {
      if (!this.#hasHeader || cells instanceof RecordFault) {
        rows.push({ number, value: this.#checked(cells) });
      } else this.#hasHeader = false;
    }
    if (rows.length === 0) return undefined;
    const usualMark = this.#found.delimiter === "," ? "." as const : undefined;
    return { unit: "line", columns: this.#columns, rows, usualMark, found: this.#found };
  }

  /** Extra values are allowed if they are empty, or if the user has named the columns. */
  #checked(cells: readonly string[] | RecordFault): readonly string[] | RecordFault {
    if (cells instanceof RecordFault || cells.length === this.#columns.length) return cells;
    const { length } = this.#columns;
    const isMore = cells.length > length &&
      (!this.#isExact || cells.slice(length).every((cell) => cell === ""));
    return isMore ? cells : new RecordFault(`${cells.length} values for ${length} columns`);
  }
}

function checkNames(number: number, names: readonly string[]): void {
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) < index);
  if (twice === undefined) return;
  throw new FormFault(`line ${number}: column ${JSON.stringify(twice)} appears twice`);
}

/** An error that asks for names and shows the numbered columns of the first line. */
function nameless({ number, cells }: Cells, isFound: boolean): FormFault {
  const why = isFound ? " looks like values, not like names of columns" : " has no names";
  return new FormFault(`line ${number}${why}: ${askForColumns(cells as readonly string[])}`);
}

/** @param values example values of the columns */
export function askForColumns(values: readonly unknown[]): string {
  const shown = values.map((value, index) =>
    `${index + 1} ${JSON.stringify(value)?.slice(0, SHOWN_MAX)}`
  );
  return `name the columns, as in columns=time,price with nothing between two commas for one that is left out; there are ${
    shown.join(", ")
  }`;
}

class AnnotatedBody implements Body {
  readonly #cutter = new DelimitedCutter(",", undefined);
  readonly #reader = new AnnotatedReader();

  read(lines: readonly Line[]): Table | undefined {
    return this.#table(this.#cutter.cut(lines));
  }

  end(): Table | undefined {
    return this.#table(this.#cutter.end());
  }

  #table(records: readonly Cells[]): Table | undefined {
    const rows = this.#reader.read(records);
    if (rows.length === 0) return undefined;
    return { unit: "line", rows, usualMark: ".", found: { format: "csv" } };
  }
}
