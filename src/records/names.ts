/** Common names of the fields of ticks and bars. */

export const FIELDS = [
  ...["symbol", "time", "price", "size", "bid", "ask"] as const,
  ...["open", "high", "low", "close", "volume", "interval"] as const,
];
export type Field = typeof FIELDS[number];

/** Names without case, marks and brackets, the preferred ones first. */
const NAMES: Readonly<Record<Field, readonly string[]>> = {
  symbol: ["symbol", "ticker", "instrument", "pair", "sym", "productid", "instid"],
  time: [
    ...["time", "timestamp", "datetime", "date", "ts", "opentime", "starttime", "gmttime"],
    ...["utctime", "gmt", "utc", "localtime", "tradetime", "eventtime", "tradedate", "unixtime"],
    ...["unix", "epoch", "observationdate", "datetimeutc", "timestamputc", "timeutc", "dateutc"],
  ],
  price: ["price", "last", "lastprice", "tradeprice", "value", "close", "closeprice", "rate"],
  size: ["size", "volume", "qty", "quantity", "amount", "vol", "lastsize", "tradesize", "lastqty"],
  bid: ["bid", "bidprice", "bestbid", "bestbidprice"],
  ask: ["ask", "askprice", "bestask", "bestaskprice", "offer"],
  open: ["open", "openprice", "first"],
  high: ["high", "highprice", "max"],
  low: ["low", "lowprice", "min"],
  close: ["close", "closeprice", "last", "lastprice"],
  volume: ["volume", "vol", "size", "qty", "quantity", "basevolume", "tickvol", "tickvolume"],
  interval: ["interval"],
};
/** One-letter names of exchanges, which only count together. */
const LETTERS: readonly Partial<Record<Field, string>>[] = [
  { symbol: "s", price: "p", size: "q", time: "T" },
  { symbol: "s", price: "p", size: "v", time: "t" },
];
const BAR_FIELDS = ["open", "high", "low", "close"] as const;

/** The name of each field's column. */
export type Columns = ReadonlyMap<Field, string>;

/** Two columns that may both be the same field. */
export class TwofoldName extends Error {}

/**
 * Finds the columns of the fields. Records with open, high, low and close are bars without a price.
 * @param named columns that are already known
 * @throws {TwofoldName}
 */
export function findColumns(names: readonly string[], named: Columns): Map<Field, string> {
  const found = new Map(named);
  const taken = new Set(named.values());
  const simple = names.map((name) => [name, simplified(name)] as const);
  const find = (field: Field) => {
    for (const wanted of NAMES[field]) {
      // An exact name wins over a similar one.
      const exact = simple.filter(([name]) => name === wanted && !taken.has(name));
      const like = simple.filter(([name, plain]) => plain === wanted && !taken.has(name));
      const [first, second] = exact.length > 0 ? exact : like;
      if (first === undefined) continue;
      if (second !== undefined) {
        throw new TwofoldName(
          `${first[0]} and ${second[0]} could both be ${field}: say which, as in map=${field}:${
            first[0]
          }`,
        );
      }
      return first[0];
    }
    return undefined;
  };
  const add = (...fields: Field[]) => {
    for (const field of fields) {
      const name = found.has(field) ? undefined : find(field);
      if (name === undefined) continue;
      found.set(field, name);
      taken.add(name);
    }
  };
  add("symbol", "time");
  const isBars = !found.has("price") && !names.includes("price") &&
    BAR_FIELDS.every((field) => found.has(field) || find(field) !== undefined);
  if (isBars) {
    add(...BAR_FIELDS, "volume", "interval");
    return found;
  }
  add("price", "bid", "ask", "size");
  return withLetters(found, names);
}

function withLetters(found: Map<Field, string>, names: readonly string[]): Map<Field, string> {
  if (found.has("price") || found.has("bid")) return found;
  for (const letters of LETTERS) {
    const { symbol, ...others } = letters;
    if (!Object.values(others).every((name) => names.includes(name))) continue;
    for (const [field, name] of Object.entries(letters)) {
      if (names.includes(name) && !found.has(field as Field)) found.set(field as Field, name);
    }
    if (symbol !== undefined) break;
  }
  return found;
}

/** Whether the columns give a price, bid and ask, or a bar. */
export function isComplete(columns: Columns): boolean {
  return columns.has("price") || (columns.has("bid") && columns.has("ask")) || isBar(columns);
}

export function isBar(columns: Columns): boolean {
  return BAR_FIELDS.every((field) => columns.has(field));
}

function simplified(name: string): string {
  return name.replace(/\s*[([{].*?[)\]}]/g, "").replace(/^\d+\.\s*/, "").toLowerCase()
    .replace(/[^\p{L}\d]/gu, "");
}
