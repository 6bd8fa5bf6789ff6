/** Rows of history as a stream of Arrow: https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format */
import {
  bool,
  type Column as ArrowColumn,
  columnFromArray,
  dictionary,
  float64,
  int32,
  tableFromColumns,
  tableToIPC,
  utf8,
} from "@uwdata/flechette";
import { type Column, joined, type Writer } from "./history.ts";

/** The words that may stand in the columns of that kind. */
export type Words = Readonly<Record<string, readonly string[]>>;

/** No schema and no batch comes any more. */
const END = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]);

/**
 * Every slice is a batch of its own, so that no more than one has to be held. Words are sent once, before
 * the first row, because many readers know no dictionary that grows.
 */
export function arrowWriter<Row>(columns: readonly Column<Row>[], words: Words): Writer<Row> {
  const numbers = new Map(
    columns.filter(({ kind }) => kind === "word").map(({ name }) => {
      const numbered = (words[name] ?? []).map((word, index): [string, number] => [word, index]);
      return [name as string, new Map(numbered)];
    }),
  );
  const encode = (column: Column<Row>, rows: readonly Row[]): ArrowColumn<unknown> => {
    const { name, kind } = column;
    const values = rows.map((row) => row[name]);
    if (kind === "integer") return columnFromArray(integers(values as number[]));
    if (kind === "number") return columnFromArray(values, float64());
    if (kind === "flag") return columnFromArray(values, bool());
    // In a batch a word is its number.
    return columnFromArray(Int32Array.from(values as string[], (word) => {
      const number = numbers.get(name)?.get(word);
      if (number === undefined) throw new RangeError(`Cannot write ${name} ${word}: it is new`);
      return number;
    }));
  };
  return {
    begin: () => joined(head(columns, words)),
    rows(rows) {
      if (rows.length === 0) return new Uint8Array();
      const made = columns.map((column) => [column.name, encode(column, rows)] as const);
      return messagesOf(made).at(-1)!;
    },
    end: () => END.slice(),
  };
}

/** Numbers of 64 bits; those of a tape are so small that no bit is lost. */
function integers(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}

/** The schema and the dictionaries: what stands before the rows in a table that has every word. */
function head<Row>(columns: readonly Column<Row>[], words: Words): Uint8Array<ArrayBuffer>[] {
  const size = Math.max(1, ...Object.values(words).map(({ length }) => length));
  const made = columns.map(({ name, kind }) => {
    const repeat = <Value>(value: (index: number) => Value) =>
      Array.from({ length: size }, (_, i) => value(i));
    const wordAt = (index: number) => words[name]?.[index] ?? words[name]?.[0] ?? "";
    const column = kind === "word"
      ? columnFromArray(repeat(wordAt), dictionary(utf8(), int32()))
      : kind === "integer"
      ? columnFromArray(integers(repeat(() => 0)))
      : kind === "number"
      ? columnFromArray(repeat(() => 0), float64())
      : columnFromArray(repeat(() => false), bool());
    return [name, column] as const;
  });
  return messagesOf(made).slice(0, -1);
}

/** The messages of a table with one batch, which is the last of them. */
function messagesOf(
  columns: readonly (readonly [string, ArrowColumn<unknown>])[],
): Uint8Array<ArrayBuffer>[] {
  const bytes = tableToIPC(tableFromColumns([...columns] as [string, ArrowColumn<unknown>][]), {});
  const view = new DataView(bytes!.buffer, bytes!.byteOffset, bytes!.byteLength);
  const messages: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; view.getInt32(at + 4, true) > 0;) {
    const end = at + messageLength(view, at);
    messages.push(bytes!.slice(at, end));
    at = end;
  }
  return messages;
}

/** A message is 4 bytes of ones, the length of its metadata, the metadata, and the body, of which they tell the length. */
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
