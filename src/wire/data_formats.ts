import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import type { TapedTick } from "../core/tick.ts";
import type { Channel } from "../hub/topic.ts";
import type { Format, Frame, Item } from "../hub/wire.ts";

const COLUMNS = {
  tick: ["seq", "symbol", "time", "price", "size", "bid", "ask"],
  quote: [
    "symbol",
    "name",
    "date",
    "time",
    "price",
    "change",
    "change_percent",
    "volume",
    "prev_close",
    "open",
    "high",
    "low",
    "bid",
    "ask",
    "market_cap",
  ],
  bar: [
    "symbol",
    "interval",
    "time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "vwap",
    "count",
    "closed",
    "revised",
  ],
} as const satisfies { tick: (keyof TapedTick)[]; quote: (keyof Row)[]; bar: (keyof Bar)[] };

function head(frame: Frame): string {
  const merged = frame.merged > 0 ? `,"merged":${frame.merged}` : "";
  return `{"op":"data","sub":"${frame.sub}","prev":${frame.prev},"seq":${frame.seq}${merged},"rows":[`;
}

/** One JSON object per row, field names spelled out. */
export const objectFormat: Format = {
  name: "object",
  whole: false,
  columns: () => undefined,
  // The characters of a symbol need no escape, and a finite number is written as JSON writes it.
  fragment: (channel, item) => channel.kind === "tick" ? tickObject(item) : JSON.stringify(item),
  frame: (frame) => [`${head(frame)}${frame.fragments.map(({ text }) => text).join(",")}]}`],
  announce: () => undefined,
};

function tickObject(item: Item): string {
  const { seq, symbol, time, price, size, bid, ask } = item as TapedTick;
  return `{"seq":${seq},"symbol":"${symbol}","time":${time},"price":${price},"size":${size},"bid":${bid},"ask":${ask}}`;
}

/** Positional rows; a symbol is its number in the subscription's list of symbols. */
export const columnsFormat: Format = {
  name: "columns",
  whole: false,
  columns: (channel) => COLUMNS[channel.kind],
  // A NUL character, which is in no JSON text, marks the place of the symbol's number.
  fragment: (channel, item) => columnsFragment(channel, item),
  frame: (frame) => {
    const rows = frame.fragments.map(({ symbol, text }) =>
      text.replace("\0", String(frame.indexOf(symbol)))
    );
    return [`${head(frame)}${rows.join(",")}]}`];
  },
  announce: (sub, add) => JSON.stringify({ op: "symbols", sub, add }),
};

function columnsFragment(channel: Channel, item: Item): string {
  const values = item as unknown as Readonly<Record<string, unknown>>;
  const places = COLUMNS[channel.kind].map((column) =>
    column === "symbol" ? "\0" : JSON.stringify(values[column])
  );
  return `[${places.join(",")}]`;
}

export const DATA_FORMATS: Readonly<Record<string, Format>> = {
  object: objectFormat,
  columns: columnsFormat,
};
