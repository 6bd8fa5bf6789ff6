import type { RecordFault } from "../wire/record_fault.ts";
import type { Form } from "./form.ts";
import type { DecimalMark } from "./numbers.ts";

/** One record with its place in the text. */
export interface NumberedRow {
  /** Number from 1: the line if there are lines. */
  readonly number: number;
  /** Values in the order of the columns, an object, a number, or the fault of the record. */
  readonly value: unknown | RecordFault;
  /** The record's key in a document of records by symbol, or the symbol of the message. */
  readonly symbol?: string | undefined;
}

/** Records of the same form that arrived together. */
export interface Table {
  readonly unit: "line" | "record" | "message";
  /**
   * Names of the values of each row; undefined if the records contain names. The same array while
   * the names do not change.
   */
  readonly columns?: readonly string[] | undefined;
  /** Example values, for columns without names. */
  readonly nameless?: readonly unknown[] | undefined;
  readonly rows: readonly NumberedRow[];
  /** The decimal mark for ambiguous numbers. */
  readonly usualMark?: DecimalMark | undefined;
  /** The detected parts of the form. */
  readonly found: Partial<Form>;
}

/** The value of a name, or of a path of names such as `data.last` or `0.price`. */
export function lookUp(value: unknown, path: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path];
  const dot = path.indexOf(".");
  if (dot < 0 || !Object.hasOwn(value, path.slice(0, dot))) return undefined;
  return lookUp((value as Record<string, unknown>)[path.slice(0, dot)], path.slice(dot + 1));
}
