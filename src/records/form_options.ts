/** The options for the form of records. What is not given is detected. */
export const FORM_OPTIONS: Readonly<Record<string, string>> = {
  map: "what the records call the fields, such as time:Date,price:data.last",
  symbol: "of records that name none, or a pattern such as {name}.{field}",
  format: "json, ndjson, csv, parquet or arrow",
  path: "where in a JSON document the records are, such as data.items",
  delimiter: "one character, tab or space",
  header: "none, or first where the first line has names",
  columns: "names for columns, such as a,b,,d: an empty one is left out",
  comment: "what lines begin with that are left out, such as #",
  skip: "lines before the first that counts",
  decimal: "the decimal mark: . or , (the other one is that of thousands)",
  time: "columns that are the time together, such as Date+Time",
  "time-format": "fixed tokens, such as DD.MM.YYYY HH:mm:ss.SSS",
  "time-unit": "s, ms, us or ns",
  zone: "of times that name none (UTC), such as America/New_York or -05:00",
  values: "columns each of which is a symbol, such as temperature,wind",
  interval: "what a bar spans, such as 1d",
};

export const FORM_OPTION_NAMES: readonly string[] = Object.keys(FORM_OPTIONS);
