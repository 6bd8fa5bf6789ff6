/** Cuts delimited text into values, as in https://www.rfc-editor.org/rfc/rfc4180 but with any delimiter. */
import { RecordFault } from "./record_fault.ts";

/** A quoted value with more line breaks has a quote that was never closed. */
const LINES_MAX = 100;
const LENGTH_MAX = 65_536;
const DELIMITERS = [",", "\t", ";", "|"];

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** The line without its end, or the reason why it cannot be read. */
  readonly text: string | RecordFault;
}

/** The values of one record, without blanks around them. */
export interface Cells {
  /** Number of the first line. */
  readonly number: number;
  readonly cells: readonly string[] | RecordFault;
}

/**
 * Cuts lines into values. If a quote is not closed, it reports that line and reads the next ones again. The
 * parsers that were tried (such as csv-parse) lose the rest of the text there and take several times as long.
 */
export class DelimitedCutter {
  readonly #delimiter: string;
  readonly #comment: string | undefined;
  /** Lines of a record without an end so far. */
  #open: Line[] = [];
  #length = 0;

  constructor(delimiter: string, comment: string | undefined) {
    this.#delimiter = delimiter;
    this.#comment = comment;
  }

  cut(lines: readonly Line[]): Cells[] {
    const records: Cells[] = [];
    for (const line of lines) this.#take(line, records);
    return records;
  }

  /** Takes the rest after the last line. */
  end(): Cells[] {
    const records: Cells[] = [];
    while (this.#open.length > 0) this.#giveUp(records);
    return records;
  }

  #take(line: Line, records: Cells[]): void {
    const { number, text } = line;
    if (this.#open.length > 0) {
      if (!(text instanceof RecordFault)) {
        this.#open.push(line);
        this.#length += text.length;
        return this.#close(records);
      }
      while (this.#open.length > 0) this.#giveUp(records);
    }
    if (text instanceof RecordFault) {
      records.push({ number, cells: text });
      return;
    }
    if (this.#comment !== undefined && text.startsWith(this.#comment)) return;
    if (!text.includes('"')) {
      const cells = text.split(this.#delimiter);
      for (let at = 0; at < cells.length; at++) cells[at] = cells[at]!.trim();
      if (cells.length > 1 || cells[0] !== "") records.push({ number, cells });
      return;
    }
    this.#open = [line];
    this.#length = text.length;
    this.#close(records);
  }

  /** Ends the open record if its quotes are closed. */
  #close(records: Cells[]): void {
    const { number } = this.#open[0]!;
    const text = this.#open.map((line) => line.text).join("\n");
    const cells = splitQuoted(text, this.#delimiter);
    if (cells !== undefined) {
      this.#open = [];
      records.push({ number, cells });
    } else if (this.#open.length > LINES_MAX || this.#length > LENGTH_MAX) this.#giveUp(records);
  }

  /** Reports the line with the open quote and reads the others again. */
  #giveUp(records: Cells[]): void {
    const [first, ...others] = this.#open;
    this.#open = [];
    records.push({ number: first!.number, cells: new RecordFault("a quote is not closed") });
    for (const line of others) this.#take(line, records);
  }
}

/** @returns `undefined` if a quote is not closed */
function splitQuoted(text: string, delimiter: string): string[] | RecordFault | undefined {
  const values: string[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === " " && delimiter !== " ") at++;
    if (text[at] !== '"') {
      const end = text.indexOf(delimiter, at);
      values.push((end < 0 ? text.slice(at) : text.slice(at, end)).trim());
      if (end < 0) return values;
      at = end + 1;
      continue;
    }
    let value = "";
    for (at++;; at++) {
      const end = text.indexOf('"', at);
      if (end < 0) return undefined;
      value += text.slice(at, end);
      at = end + 1;
      if (text[at] !== '"') break;
      value += '"';
    }
    values.push(value.trim());
    while (text[at] === " " && delimiter !== " ") at++;
    if (at >= text.length) return values;
    if (text[at] !== delimiter) return new RecordFault("text follows a closing quote");
    at++;
  }
}

/**
 * Finds the delimiter that gives all lines the same number of values.
 * @returns the candidates; none for lines of one value
 */
export function findDelimiters(lines: readonly Line[], comment: string | undefined): string[] {
  const fits = DELIMITERS.map((delimiter) => {
    const cutter = new DelimitedCutter(delimiter, comment);
    const records = [...cutter.cut(lines), ...cutter.end()];
    const counts = records.map(({ cells }) => cells instanceof RecordFault ? 0 : cells.length);
    const [first = 0] = counts;
    const even = counts.filter((count) => count === first).length / Math.max(1, counts.length);
    return { delimiter, even: first < 2 ? 0 : even };
  }).filter(({ even }) => even > 0);
  const best = Math.max(...fits.map(({ even }) => even));
  return fits.filter(({ even }) => even === best).map(({ delimiter }) => delimiter);
}

/** A delimiter that no line contains, for lines of one value. */
export function unusedDelimiter(lines: readonly Line[]): string {
  const isIn = (mark: string) => lines.some(({ text }) => String(text).includes(mark));
  return DELIMITERS.find((mark) => !isIn(mark)) ?? ",";
}
