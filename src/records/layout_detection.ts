import { DAY_MS, type Interval, INTERVALS, isInterval, lengthOf } from "../core/interval.ts";
import { RecordFault } from "../wire/record_fault.ts";
import { type Form, FormFault } from "./form.ts";
import { Layout } from "./layout.ts";
import { type Field, findColumns, isBar, isComplete, TwofoldName } from "./names.ts";
import { decimalMark, isNothing, looksNumeric } from "./numbers.ts";
import type { NumberedRow, Table } from "./table.ts";
import { askForColumns } from "./text_reader.ts";
import { findTimeFormat } from "./time_forms.ts";
import { timeReader } from "./times.ts";
import { ZoneInOrder } from "./zone_in_order.ts";
import { type Zone, zoneOf } from "./zones.ts";

/** Names of columns with numbers that are not observations. */
const COUNTERS = /^(?:|#|id|no|nr|num|index|row|count|seq|sequence)$/i;
const HOUR_MS = 3_600_000;
/** Fields that are no numbers. */
const WORDS: readonly Field[] = ["symbol", "time", "interval"];

export interface DetectionOptions {
  /** As in `LayoutParts`. */
  readonly timeless: string | undefined;
}

/**
 * Detects the form of records from the first of them. It never guesses: if names and values leave a
 * question open, it asks for an option.
 * @throws {FormFault} names the option that decides
 */
export function detectLayout(table: Table, form: Form, { timeless }: DetectionOptions): Layout {
  const known: Form = { ...form, ...table.found };
  const rows = table.rows.filter(({ value }) => !(value instanceof RecordFault));
  const columns = table.columns;
  const names = columns ?? namesOf(rows);
  checkNamed(known, columns);
  const valueAt = (name: string) => {
    const index = columns?.indexOf(name);
    return (record: unknown) =>
      index === undefined
        ? (record as Record<string, unknown> | null)?.[name]
        : (record as readonly unknown[])[index];
  };
  const sampleOf = (name: string) =>
    rows.filter(({ value }) => typeof value === "object" && value !== null)
      .map(({ value }) => valueAt(name)(value)).filter((value) => !isNothing(value));
  const map = withFound(known, names, sampleOf);
  const time = known.time ?? joinedTime(map, names, sampleOf);
  if (time !== undefined) map.delete("time");
  const bars = known.values === undefined && isBar(map) && !map.has("price");
  // A column with the name `interval` may be of another kind, such as a number of minutes.
  const spans = map.has("interval") ? sampleOf(map.get("interval")!) : [];
  const isSpan = (value: unknown) => typeof value === "string" && isInterval(value);
  const tells = spans.some(isSpan);
  if (known.interval !== undefined || !(known.map.has("interval") || tells)) map.delete("interval");
  checkComplete(table, { ...known, map, time }, rows, timeless);
  const drafted: Form = { ...known, map, time };
  const parts = { columns, isBar: bars, isNewestFirst: false, timeless, unused: [] };
  // This draft only extracts the times, to detect their form.
  const draft = new Layout({ ...parts, form: { ...drafted, timeFormat: undefined } });
  const told = rows.flatMap(({ number, value }) => {
    const at = typeof value === "object" && value !== null ? draft.timeOf(value) : undefined;
    return at === undefined ? [] : [{ at: `${table.unit} ${number}`, value: at }];
  });
  const { timeUnit: unit } = known;
  const zone = zoneOf(known.zone ?? "Z");
  const timeFormat = findTimeFormat(told, { format: known.timeFormat, unit, zone });
  const timesBy = (zone: Zone) => {
    const readTime = timeReader({ format: timeFormat, unit, zone });
    return told.map(({ value }) => readTime(value)).filter((each) => each !== undefined);
  };
  const times = timesBy(zone);
  const used = [...map.values(), ...time ?? [], ...known.values ?? []];
  const full: Form = {
    ...drafted,
    timeFormat,
    decimal: known.decimal ?? markOf(drafted, table, sampleOf),
    interval: bars && !map.has("interval") ? known.interval ?? intervalOf(times) : known.interval,
  };
  return new Layout({
    ...parts,
    form: full,
    isNewestFirst: times.at(-1)! < times[0]! &&
      isFalling(timesBy(new ZoneInOrder(zone, { isNewestFirst: true }))),
    unused: names.filter((name) => !used.includes(name)),
  });
}

/** The names in records that are objects. */
function namesOf(rows: readonly NumberedRow[]): string[] {
  const names = new Set<string>();
  for (const { value } of rows) {
    if (typeof value !== "object" || value === null) continue;
    for (const name of Object.keys(value)) names.add(name);
  }
  return [...names];
}

function checkNamed(form: Form, columns: readonly string[] | undefined): void {
  if (columns === undefined) return;
  const pattern = [...form.symbol?.matchAll(/\{([^{}]*)\}/g) ?? []].map(([, name]) => name!);
  const named: [string, string][] = [
    ...[...form.map].map(([field, name]): [string, string] => [name, ` for ${field}`]),
    ...(form.time ?? []).map((name): [string, string] => [name, " for time"]),
    ...(form.values ?? []).map((name): [string, string] => [name, " for values"]),
    ...pattern.filter((name) => name !== "field").map((
      name,
    ): [string, string] => [name, " for symbol"]),
  ];
  for (const [name, what] of named) if (!columns.includes(name)) throw lacks(name + what, columns);
}

function lacks(what: string, columns: readonly string[]): FormFault {
  const names = columns.filter((name) => name !== "").join(", ");
  return new FormFault(`there is no column ${what}; the columns are ${names}`);
}

type SampleOf = (name: string) => unknown[];

/** Finds columns by their names, and a single remaining time or price by its values. */
function withFound(form: Form, names: readonly string[], sampleOf: SampleOf): Map<Field, string> {
  const asked = new Map(form.map);
  // A given symbol wins over a column that is only named like one.
  if (form.symbol !== undefined && !asked.has("symbol")) asked.set("symbol", "symbol");
  if (form.time !== undefined) asked.set("time", form.time[0]!);
  let map: Map<Field, string>;
  try {
    map = findColumns(names, asked);
  } catch (error) {
    if (error instanceof TwofoldName) throw new FormFault(error.message);
    throw error;
  }
  if (form.time !== undefined) map.delete("time");
  if (form.symbol !== undefined && !names.includes("symbol")) map.delete("symbol");
  if (form.values !== undefined) {
    return new Map([...map].filter(([field]) => field === "symbol" || field === "time"));
  }
  const isTime = timeReader({});
  if (!map.has("time") && form.time === undefined) {
    const dates = names.filter((name) => {
      const sample = sampleOf(name);
      return sample.length > 0 && ![...map.values()].includes(name) &&
        sample.every((value) =>
          typeof value === "string" && /\D/.test(value) && isTime(value) !== undefined
        );
    });
    if (dates.length === 1) map.set("time", dates[0]!);
  }
  if (isComplete(map)) return map;
  const used = new Set([...map.values(), ...form.time ?? []]);
  const rest = names.filter((name) => !used.has(name) && !COUNTERS.test(name));
  const [only] = rest;
  const isOnly = only !== undefined && rest.length === 1 &&
    (map.has("time") || form.time !== undefined);
  if (isOnly && sampleOf(only).some((value) => looksNumeric(String(value)))) map.set("price", only);
  return map;
}

/** Separate columns for date and time of day. */
function joinedTime(
  map: ReadonlyMap<Field, string>,
  names: readonly string[],
  sampleOf: SampleOf,
): readonly string[] | undefined {
  const named = (wanted: RegExp) =>
    names.filter((name) => wanted.test(name.replace(/[<>\s]/g, "")));
  const [date, ...dates] = named(/^(?:trade)?(?:date|day)$/i);
  const [clock, ...clocks] = named(/^(?:trade)?time$/i);
  if (date === undefined || clock === undefined || dates.length + clocks.length > 0) {
    return undefined;
  }
  if (![date, clock].includes(map.get("time") ?? date)) return undefined;
  const isClock = (value: unknown) => /^\d{1,2}:\d{2}/.test(String(value));
  const values = sampleOf(clock);
  const isSplit = values.length > 0 && values.every(isClock) &&
    sampleOf(date).every((value) => !/\d:\d/.test(String(value)));
  return isSplit ? [date, clock] : undefined;
}

function checkComplete(
  { columns, nameless, rows: all }: Table,
  form: Form,
  rows: readonly NumberedRow[],
  timeless: string | undefined,
): void {
  const { map, values, time, symbol } = form;
  const has = (field: Field) => map.has(field);
  const isKnown = values !== undefined || isComplete(map);
  if (columns === undefined) {
    if (nameless !== undefined && !isKnown) throw new FormFault(askForColumns(nameless));
    return;
  }
  if (!isKnown) {
    const hint = "name it with map=price:COLUMN, or take several with values=COLUMN,COLUMN";
    throw lacks(`price: ${hint}`, columns);
  }
  if (
    !has("symbol") && symbol === undefined && values === undefined && all[0]?.symbol === undefined
  ) {
    throw lacks("symbol: name it with map=symbol:COLUMN, or give symbol=NAME", columns);
  }
  const needsTime = timeless !== undefined || isBar(map);
  if (needsTime && !has("time") && time === undefined && rows.length > 0) {
    throw lacks(`time: name it with map=time:COLUMN${timeless ?? ""}`, columns);
  }
}

function markOf({ map, values, ...form }: Form, table: Table, sampleOf: SampleOf): "." | "," {
  const names = [...map].filter(([field]) => !WORDS.includes(field)).map(([, name]) => name);
  const texts = [...names, ...values ?? []].flatMap(sampleOf)
    .filter((value) => typeof value === "string");
  const mark = decimalMark(texts, form.decimal ?? table.usualMark);
  if (mark !== undefined) return mark;
  const example = texts.find((text) => /[.,]\d/.test(text));
  throw new FormFault(
    `${JSON.stringify(example)} can be read in two ways: give decimal=. or decimal=,`,
  );
}

/** The interval between the bars. @throws {FormFault} if it is none of the known ones */
function intervalOf(times: readonly number[]): Interval {
  const ordered = [...new Set(times)].sort((a, b) => a - b);
  const gaps = ordered.slice(1).map((time, index) => time - ordered[index]!);
  const gap = Math.min(...gaps);
  // A day with a clock change is an hour longer or shorter.
  const interval = INTERVALS.find((each) => {
    const length = lengthOf(each);
    return length === gap || (length >= DAY_MS && Math.abs(length - gap) <= HOUR_MS);
  });
  if (interval !== undefined) return interval;
  const what = gaps.length === 0
    ? "one bar does not tell what it spans"
    : `the bars are ${gap / 1_000} seconds apart, which is no interval`;
  throw new FormFault(`${what}: give interval= with one of ${INTERVALS.join(", ")}`);
}

function isFalling(times: readonly number[]): boolean {
  return times.every((time, index) => index === 0 || time <= times[index - 1]!);
}
