/** Reads JSON documents: lists of records, of columns or of lists, and records by symbol. */
import { RecordFault } from "../wire/record_fault.ts";
import { type Form, FormFault } from "./form.ts";
import { findColumns, isComplete } from "./names.ts";
import { looksNumeric } from "./numbers.ts";
import { lookUp, type NumberedRow, type Table } from "./table.ts";

/** Depth of the search for lists in a document. */
const DEPTH_MAX = 6;

type Fields = Readonly<Record<string, unknown>>;
type Rows = Omit<Table, "unit" | "found">;

/**
 * The records of a document.
 * @param isMessage whether an object without a list of records is one record, not records by symbol
 * @throws {FormFault}
 */
export function readDocument(document: unknown, form: Form, isMessage = false): Table {
  const value = form.path === undefined ? document : lookUp(document, form.path);
  if (value === undefined) throw new FormFault(`there is no ${form.path} in it`);
  return {
    unit: "record",
    found: { format: "json" },
    usualMark: ".",
    ...rowsOf(value, form, isMessage),
  };
}

function rowsOf(value: unknown, form: Form, isMessage: boolean): Rows {
  if (Array.isArray(value)) return listRows(value, form);
  if (!isObject(value)) return { rows: [{ number: 1, value: scalar(value) }] };
  const { columns, data } = value;
  if (Array.isArray(columns) && Array.isArray(data)) {
    return listRows(data, { ...form, columns: form.columns ?? columns.map(String) });
  }
  const byColumns = columnRows(value, form);
  if (byColumns !== undefined) return byColumns;
  if (isRecord(value, form)) return { rows: [{ number: 1, value }] };
  const lists = Object.entries(value).filter(([, each]) =>
    Array.isArray(each) && each.some((item) => typeof item === "object" && item !== null)
  );
  if (lists.length === 1) return rowsOf(lists[0]![1], form, isMessage);
  const isText = (each: unknown) => typeof each === "string" && !looksNumeric(each);
  if (isMessage || Object.values(value).every(isText)) {
    return { rows: [{ number: 1, value }] };
  }
  const entries = Object.entries(value);
  return {
    rows: entries.map(([symbol, each], index) => ({
      number: index + 1,
      value: scalar(each),
      symbol,
    })),
  };
}

/** The rows of a list. The first one may contain the names. */
function listRows(list: readonly unknown[], form: Form): Rows {
  const [first] = list;
  if (!Array.isArray(first)) {
    return { rows: list.map((value, index) => ({ number: index + 1, value: scalar(value) })) };
  }
  const isHeader = form.header !== "none" && list.length > 1 &&
    first.every((name) => typeof name === "string" && !looksNumeric(name));
  const columns = form.columns ?? (isHeader ? first.map(String) : undefined);
  const skipped = isHeader ? 1 : 0;
  const rows = list.slice(skipped).map((value, index): NumberedRow => ({
    number: index + 1 + skipped,
    value: !Array.isArray(value) || (columns !== undefined && value.length < columns.length)
      ? new RecordFault(`it is not a list of ${columns?.length ?? first.length} values`)
      : value,
  }));
  return { columns, nameless: columns === undefined ? first : undefined, rows };
}

/**
 * The rows of lists of equal length, such as `{"time":[…],"price":[…]}`, or of objects with
 * numbered values instead of lists.
 */
function columnRows(value: Fields, form: Form): Rows | undefined {
  const lists = new Map<string, readonly unknown[]>();
  collect(value, "", 1, lists);
  const wanted = [...form.map.values(), ...form.time ?? [], ...form.values ?? []];
  const named = wanted.map((name) => lists.get(name)).find((list) => list !== undefined);
  const groups = Map.groupBy(lists, ([, list]) => list.length);
  const [largest] = [...groups.values()].sort((a, b) => b.length - a.length);
  const group = named === undefined ? largest : groups.get(named.length);
  if (group === undefined) return undefined;
  const names = group.map(([name]) => name);
  if (form.values === undefined && !isComplete(columnsOf(names, form))) return undefined;
  const rows = group[0]![1].map((_, index) => ({
    number: index + 1,
    value: group.map(([, list]) => list[index]),
  }));
  return { columns: names, rows };
}

function columnsOf(names: readonly string[], { map }: Form) {
  try {
    return findColumns(names, new Map([...map].filter(([, name]) => names.includes(name))));
  } catch {
    // Another check asks which of the columns is meant.
    return new Map();
  }
}

function collect(
  value: unknown,
  path: string,
  depth: number,
  lists: Map<string, readonly unknown[]>,
): void {
  const list = listOf(value);
  if (list !== undefined) {
    if (list.every((item) => typeof item !== "object" || item === null)) lists.set(path, list);
    else if (depth < DEPTH_MAX) {
      list.slice(0, 10).forEach((item, index) =>
        collect(item, `${path}.${index}`, depth + 1, lists)
      );
    }
  } else if (isObject(value) && depth < DEPTH_MAX) {
    for (const [name, inner] of Object.entries(value)) {
      collect(inner, path === "" ? name : `${path}.${name}`, depth + 1, lists);
    }
  }
}

/** A list, or the values of an object with the keys 0, 1, 2 … */
function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return undefined;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name, index) => name === String(index))
    ? Object.values(value)
    : undefined;
}

function isRecord(value: Fields, form: Form): boolean {
  const says = (name: string) => lookUp(value, name) !== undefined;
  if (["price", "bid", "open"].some((field) => says(form.map.get(field as "price") ?? field))) {
    return true;
  }
  if (form.values?.some(says)) return true;
  const names = Object.keys(value).filter((name) => typeof value[name] !== "object");
  return isComplete(columnsOf(names, form));
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A number, or a number in a string. */
function scalar(value: unknown): unknown {
  return typeof value === "string" && looksNumeric(value) && !Number.isNaN(Number(value))
    ? Number(value)
    : value;
}
