/** Rows of history as a stream of Arrow: https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format */
import {
  batchType,
  bool,
  Column as ArrowColumn,
  columnFromArray,
  dictionary,
  float64,
  int32,
  tableFromColumns,
  tableToIPC,
  utf8,
} from "@uwdata/flechette";
import { type Column, joined, type Rows, type Writer } from "./history.ts";

/** All words that each column of kind `word` may contain. */
export type Words = Readonly<Record<string, readonly string[]>>;

/** The end-of-stream marker. */
const END = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]);

/**
 * Writes each slice as one record batch, so that only one slice is in memory. The dictionaries come once, before
 * the first batch, because many readers cannot replace them later.
 */
export function arrowWriter<Row>(columns: readonly Column<Row>[], words: Words): Writer<Row> {
  const numbered = new Map(
    columns.filter(({ kind }) => kind === "word").map(({ name }) => {
      const numbered = (words[name] ?? []).map((word, index): [string, number] => [word, index]);
      return [name as string, new Map(numbered)];
    }),
  );
  const encode = (column: Column<Row>, rows: Rows<Row>): ArrowColumn<unknown> => {
    const { name, kind } = column;
    if (kind === "integer") return columnFromArray(integers(rows.numbers(name)));
    if (kind === "number") return numbers(rows.numbers(name));
    if (kind === "flag") return columnFromArray(rows.list().map((row) => row[name]), bool());
    return columnFromArray(wordNumbers(name, rows.words(name)));
  };
  // A batch holds each word as its number in the dictionary.
  const wordNumbers = (name: string, { numbers, wordOf }: ReturnType<Rows<Row>["words"]>) => {
    const known: number[] = [];
    const column = new Int32Array(numbers.length);
    for (let at = 0; at < numbers.length; at++) {
      const each = numbers[at]!;
      column[at] = known[each] ??= numberOf(name, wordOf(each));
    }
    return column;
  };
  const numberOf = (name: string, word: string): number => {
    const number = numbered.get(name)?.get(word);
    if (number === undefined) throw new RangeError(`Cannot write ${name} ${word}: it is new`);
    return number;
  };
  return {
    begin: () => joined(head(columns, words)),
    rows(rows) {
      if (rows.count === 0) return new Uint8Array();
      const made = columns.map((column) => [column.name, encode(column, rows)] as const);
      return messagesOf(made).at(-1)!;
    },
    end: () => END.slice(),
  };
}

/** Integers of 64 bits. They must be at least 0 and at most 2^53 to be exact. */
function integers(values: Float64Array): BigInt64Array {
  const halves = new Uint32Array(2 * values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    const high = Math.floor(value / 2 ** 32);
    halves[2 * index] = value - high * 2 ** 32;
    halves[2 * index + 1] = high;
  }
  return new BigInt64Array(halves.buffer);
}

/** A column of doubles. NaN becomes null in the validity bitmap. */
function numbers(values: Float64Array): ArrowColumn<unknown> {
  const { length } = values;
  const validity = new Uint8Array(Math.ceil(length / 8));
  let nullCount = 0;
  for (let index = 0; index < length; index++) {
    if (Number.isNaN(values[index])) nullCount++;
    else validity[index >>> 3]! |= 1 << (index & 7);
  }
  const type = float64();
  const batch = { length, nullCount, type, values };
  const known = nullCount === 0 ? new Uint8Array() : validity;
  return new ArrowColumn([new (batchType(type))({ ...batch, validity: known })]);
}

/** The schema and dictionary messages. A table that contains each word makes the encoder write them. */
function head<Row>(columns: readonly Column<Row>[], words: Words): Uint8Array<ArrayBuffer>[] {
  const size = Math.max(1, ...Object.values(words).map(({ length }) => length));
  const made = columns.map(({ name, kind }) => {
    const repeat = <Value>(value: (index: number) => Value) =>
      Array.from({ length: size }, (_, i) => value(i));
    const wordAt = (index: number) => words[name]?.[index] ?? words[name]?.[0] ?? "";
    const column = kind === "word"
      ? columnFromArray(repeat(wordAt), dictionary(utf8(), int32()))
      : kind === "integer"
      ? columnFromArray(new BigInt64Array(size))
      : kind === "number"
      ? numbers(new Float64Array(size))
      : columnFromArray(repeat(() => false), bool());
    return [name, column] as const;
  });
  return messagesOf(made).slice(0, -1);
}

/** The IPC messages of a table with one batch. The record batch is the last message. */
function messagesOf(
  columns: readonly (readonly [string, ArrowColumn<unknown>])[],
): Uint8Array<ArrayBuffer>[] {
  const bytes = tableToIPC(tableFromColumns([...columns] as [string, ArrowColumn<unknown>][]), {});
  const view = new DataView(bytes!.buffer, bytes!.byteOffset, bytes!.byteLength);
  const messages: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; view.getInt32(at + 4, true) > 0;) {
    const end = at + messageLength(view, at);
    messages.push(bytes!.subarray(at, end) as Uint8Array<ArrayBuffer>);
    at = end;
  }
  return messages;
}

/** The bytes of one message: 4 bytes of ones, the length of the metadata, the metadata and the body. */
function messageLength(view: DataView, at: number): number {
  const metadata = at + 8;
  const message = metadata + view.getUint32(metadata, true);
  const fields = message - view.getInt32(message, true);
  // The body's length is the fourth field: https://github.com/apache/arrow/blob/main/format/Message.fbs
  const place = 4 + 2 * 3 < view.getUint16(fields, true)
    ? view.getUint16(fields + 4 + 2 * 3, true)
    : 0;
  const body = place === 0 ? 0 : Number(view.getBigInt64(message + place, true));
  return 8 + view.getInt32(at + 4, true) + body;
}
