import type { RecordFault } from "../wire/record_fault.ts";
import type { Form } from "./form.ts";
import type { DecimalMark } from "./numbers.ts";

/** One record as it stands in the text. */
export interface NumberedRow {
  /** From 1, by line where there are lines. */
  readonly number: number;
  /** Values in the order of the columns, an object, a number, or why there is no record. */
  readonly value: unknown | RecordFault;
  /** What the record stands under, in a document that has records by their symbols, or where it came. */
  readonly symbol?: string | undefined;
}

/** Records that have arrived together and are written alike. */
export interface Table {
  readonly unit: "line" | "record" | "message";
  /** Names of the values of each row, one object as long as they stay the same; absent where records name them. */
  readonly columns?: readonly string[] | undefined;
  /** Where columns have no names, an example of their values. */
  readonly nameless?: readonly unknown[] | undefined;
  readonly rows: readonly NumberedRow[];
  /** The decimal mark where numbers leave it open. */
  readonly usualMark?: DecimalMark | undefined;
  /** What was found out of the form. */
  readonly found: Partial<Form>;
}

/** What stands under a name, or under a path of names such as `data.last` or `0.price`. */
export function lookUp(value: unknown, path: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path];
  const dot = path.indexOf(".");
  if (dot < 0 || !Object.hasOwn(value, path.slice(0, dot))) return undefined;
  return lookUp((value as Record<string, unknown>)[path.slice(0, dot)], path.slice(dot + 1));
}
