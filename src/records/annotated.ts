/** https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/ */
import { spelled, spelledTags, symbolOf } from "../wire/line_protocol.ts";
import { RecordFault } from "../wire/record_fault.ts";
import type { Cells } from "../wire/delimited.ts";
import { FormFault } from "./form.ts";
import type { NumberedRow } from "./table.ts";

const ANNOTATION = /^#(group|datatype|default)\b/;
/** Columns that are not tags. Columns that start with an underscore are not tags either. */
const OWN = ["", "result", "table"];

export function isAnnotated(line: string): boolean {
  return ANNOTATION.test(line.trim().replace(/^"/, ""));
}

/** A column of a table. */
interface Column {
  readonly name: string;
  readonly datatype: string;
  /** The value for empty cells. */
  readonly usual: string;
}

/** Reads annotated CSV, in which tables with different columns follow one another. */
export class AnnotatedReader {
  readonly #annotations = new Map<string, readonly string[]>();
  #columns: readonly Column[] | undefined;

  /** @throws {FormFault} for a table without a column that values need */
  read(records: readonly Cells[]): NumberedRow[] {
    const rows: NumberedRow[] = [];
    for (const { number, cells } of records) {
      if (cells instanceof RecordFault) rows.push({ number, value: cells });
      else if (ANNOTATION.test(cells[0]!)) {
        if (this.#columns !== undefined) this.#annotations.clear();
        this.#columns = undefined;
        this.#annotations.set(ANNOTATION.exec(cells[0]!)![1]!, cells);
      } else if (this.#columns === undefined) this.#columns = this.#header(cells);
      else rows.push({ number, value: this.#record(cells, this.#columns) });
    }
    return rows;
  }

  #header(names: readonly string[]): Column[] {
    for (const needed of ["_time", "_value"]) {
      if (!names.includes(needed)) throw new FormFault(`there is no column ${needed}`);
    }
    const note = (kind: string, index: number) => this.#annotations.get(kind)?.[index] ?? "";
    return names.map((name, index) => ({
      name,
      datatype: note("datatype", index),
      // The first column contains the names of the annotations.
      usual: index === 0 ? "" : note("default", index),
    }));
  }

  #record(cells: readonly string[], columns: readonly Column[]): unknown {
    if (cells.length !== columns.length) {
      return new RecordFault(`${cells.length} values for ${columns.length} columns`);
    }
    const record: Record<string, string> = {};
    for (const [index, { name, usual }] of columns.entries()) record[name] = cells[index] || usual;
    const { datatype } = columns.find(({ name }) => name === "_value")!;
    if (datatype === "string") return new RecordFault("its value is a text");
    const { _measurement: measurement = "", _field: field = "value" } = record;
    const tags = Object.entries(record).filter(([name, value]) =>
      !name.startsWith("_") && !OWN.includes(name) && value !== ""
    );
    const value = record["_value"]!;
    return {
      symbol: symbolOf(spelled(measurement), field, spelledTags(tags)),
      time: record["_time"],
      price: datatype === "boolean" ? Number(/^t/i.test(value)) : value,
    };
  }
}
