/**
 * https://parquet.apache.org/docs/file-format/
 * https://arrow.apache.org/docs/format/Columnar.html
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { tableFromIPC, Type } from "@uwdata/flechette";
import { type AsyncBuffer, parquetMetadataAsync, parquetRead, parquetSchema } from "hyparquet";
import { FormFault } from "./form.ts";
import type { NumberedRow, Table } from "./table.ts";
import { Moment } from "./times.ts";

export type ColumnarFormat = "parquet" | "arrow";

/** Most rows in one table. */
const SLICE = 10_000;
const PARSERS = {
  timestampFromMilliseconds: (millis: bigint) => new Moment(Number(millis)),
  timestampFromMicroseconds: (micros: bigint) => momentOf(micros, 1_000n),
  timestampFromNanoseconds: (nanos: bigint) => momentOf(nanos, 1_000_000n),
  dateFromDays: (days: number) => new Moment(days * 86_400_000),
};
const COMPRESSORS = {
  GZIP: (bytes: Uint8Array) => gunzipSync(bytes),
  ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes),
  BROTLI: (bytes: Uint8Array) => brotliDecompressSync(bytes),
};

/** Reads the rows of a columnar file in parts. @throws {FormFault} for an unreadable file */
export async function* readColumnar(
  bytes: Uint8Array<ArrayBuffer>,
  format: ColumnarFormat,
): AsyncGenerator<Table> {
  const slices = format === "parquet" ? parquetSlices(bytes) : arrowSlices(bytes);
  let number = 1;
  try {
    for await (const { columns, values } of slices) {
      const rows = values.map((value): NumberedRow => ({ number: number++, value }));
      yield { unit: "record", columns, rows, usualMark: ".", found: { format } };
    }
  } catch (cause) {
    const name = format === "parquet" ? "Parquet" : "Arrow";
    throw new FormFault(`it is not ${name} that can be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

interface Slice {
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

async function* parquetSlices(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Slice> {
  const { buffer, byteOffset, length } = bytes;
  const file: AsyncBuffer = {
    byteLength: length,
    slice: (start, end = length) => buffer.slice(byteOffset + start, byteOffset + end),
  };
  const metadata = await parquetMetadataAsync(file);
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  const count = Number(metadata.num_rows);
  for (let at = 0; at < count; at += SLICE) {
    let values: unknown[][] = [];
    await parquetRead({
      ...{ file, metadata, columns, compressors: COMPRESSORS, parsers: PARSERS },
      ...{ rowStart: at, rowEnd: Math.min(count, at + SLICE) },
      onComplete: (rows) => values = rows,
    });
    yield { columns, values };
  }
}

function* arrowSlices(bytes: Uint8Array): Generator<Slice> {
  const table = tableFromIPC(bytes);
  const columns = table.names;
  const isTime = table.schema.fields.map(({ type: { typeId } }) =>
    typeId === Type.Timestamp || typeId === Type.Date
  );
  for (let at = 0; at < table.numRows; at += SLICE) {
    const values: unknown[][] = [];
    for (let row = at; row < Math.min(table.numRows, at + SLICE); row++) {
      values.push(columns.map((_, index) => {
        const value: unknown = table.getChildAt(index).at(row);
        return isTime[index] && typeof value === "number" ? new Moment(value) : value;
      }));
    }
    yield { columns, values };
  }
}

/** Converts both parts separately, because a double cannot hold the whole number. */
function momentOf(units: bigint, perMs: bigint): Moment {
  return new Moment(Number(units / perMs) + Number(units % perMs) / Number(perMs));
}
