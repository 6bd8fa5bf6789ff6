/** The options for the form of records. Parts without an option are detected. */
export const FORM_OPTIONS: Readonly<Record<string, string>> = {
  map: "names of fields, such as time:Date,price:data.last",
  symbol: "symbol of records without one, or a pattern such as {name}.{field}",
  format: "json, ndjson, csv, parquet or arrow",
  path: "place of the records in a JSON document, such as data.items",
  delimiter: "one character, tab or space",
  header: "none, or first if the first line has names",
  columns: "names of columns, such as a,b,,d: an empty name skips one",
  comment: "start of lines to skip, such as #",
  skip: "number of lines to skip at the start",
  decimal: "the decimal mark: . or , (the other one separates thousands)",
  time: "columns that form the time, such as Date+Time",
  "time-format": "fixed tokens, such as DD.MM.YYYY HH:mm:ss.SSS",
  "time-unit": "s, ms, us or ns",
  zone: "zone of times without one (UTC), such as America/New_York or -05:00",
  values: "columns that are symbols of their own, such as temperature,wind",
  interval: "length of a bar, such as 1d",
};

export const FORM_OPTION_NAMES: readonly string[] = Object.keys(FORM_OPTIONS);
