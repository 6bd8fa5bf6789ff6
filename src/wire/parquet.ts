/** Rows of history as a Parquet file: https://parquet.apache.org/docs/file-format/ */
import { type BasicType, ByteWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import type { Column, ColumnKind, Rows, Writer } from "./history.ts";

const TYPES: Readonly<Record<ColumnKind, BasicType>> = {
  integer: "INT64",
  number: "DOUBLE",
  word: "STRING",
  flag: "BOOLEAN",
};

/** Writes each slice as a row group, so that only one slice is in memory. The file's footer comes at the end. */
export function parquetWriter<Row>(columns: readonly Column<Row>[]): Writer<Row> {
  const bytes = new ByteWriter();
  const empty = columns.map(({ name, kind }) => ({
    name,
    data: [],
    type: TYPES[kind],
    nullable: kind === "number",
  }));
  const file = new ParquetWriter({
    writer: bytes,
    schema: schemaFromColumnData({ columnData: empty }),
    createdBy: "tickwire",
  });
  /** Takes the new bytes. The writer keeps counting offsets from the start of the file. */
  const taken = () => {
    const written = bytes.getBytes().slice();
    bytes.index = 0;
    return written;
  };
  return {
    begin: taken,
    rows(rows) {
      if (rows.count === 0) return new Uint8Array();
      const columnData = columns.map((column) => ({
        name: column.name,
        data: valuesOf(column, rows),
      }));
      void file.write({ columnData, rowGroupSize: rows.count });
      return taken();
    },
    end() {
      void file.finish();
      return taken();
    },
  };
}

function valuesOf<Row>({ name, kind }: Column<Row>, rows: Rows<Row>): unknown[] {
  if (kind === "flag") return rows.list().map((row) => row[name]);
  if (kind === "word") {
    const { numbers, wordOf } = rows.words(name);
    return Array.from(numbers, wordOf);
  }
  const numbers = rows.numbers(name);
  if (kind === "integer") return Array.from(numbers, BigInt);
  return Array.from(numbers, (number) => Number.isNaN(number) ? null : number);
}
