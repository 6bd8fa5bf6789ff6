/** Protocols for clients that only listen: single values, or the whole list at intervals. */
import type { Row } from "../core/board.ts";
import type { TapedTick } from "../core/tick.ts";
import { ClientError } from "../hub/client_error.ts";
import { Selection } from "../hub/topic.ts";
import type { Command, Format, Message, Wire } from "../hub/wire.ts";
import { readEvery, readSymbols } from "./native.ts";

const LIST_EVERY_DEFAULT = "10s";
/** A list is sent even without changes, so limit how often. */
const LIST_EVERY_MS_MIN = 100;

/** One `{"value": 1.23}` per tick. */
const valueFormat: Format = {
  name: "value",
  whole: false,
  columns: () => undefined,
  fragment: (_channel, item) => `{"value":${(item as TapedTick).price}}`,
  frame: ({ fragments }) => fragments.map(({ text }) => text),
  // The value that the client shows may be the corrected one.
  correct: (_sub, _correction, { price }) => price === null ? undefined : `{"value":${price}}`,
  announce: () => undefined,
};

/** The rows of the selection as one array. */
const listFormat: Format = {
  name: "list",
  whole: true,
  columns: () => undefined,
  fragment: (_channel, item) => JSON.stringify(item),
  frame: ({ fragments }) => [`[${fragments.map(({ text }) => text).join(",")}]`],
  announce: () => undefined,
};

/** A protocol that ignores the client's frames and sends only data. */
function listening(snapshot: (rows: readonly Row[]) => string | undefined): Wire {
  return {
    decode: () => [],
    encode: (message: Message) =>
      message.kind === "subscribed" ? snapshot(message.snapshot as readonly Row[]) : undefined,
  };
}

/** Sends the newest value at once, so that the client has something to show. */
export const value: Wire = listening(([row]) =>
  row === undefined || row.price === null ? undefined : `{"value":${row.price}}`
);

export const list: Wire = listening((rows) => {
  const ticked = rows.filter(({ price }) => price !== null);
  return JSON.stringify(ticked.sort((a, b) => a.symbol < b.symbol ? -1 : 1));
});

/** @throws {ClientError} unless the query names one symbol */
export function valueCommand(query: URLSearchParams): Command {
  const symbols = readSymbols(query) ?? [];
  if (symbols.length !== 1 || symbols[0]!.endsWith("*")) {
    throw new ClientError("bad_symbol", "Cannot stream values: name one symbol, as in symbol=AAPL");
  }
  return {
    kind: "subscribe",
    subscription: {
      selection: new Selection(symbols),
      channel: { kind: "tick" },
      mode: "all",
      every: readEvery(query.get("every") ?? 0),
      format: valueFormat,
    },
  };
}

/** @throws {ClientError} if `every` is not a duration or a symbol is invalid */
export function listCommand(query: URLSearchParams): Command {
  return {
    kind: "subscribe",
    subscription: {
      selection: new Selection(readSymbols(query) ?? ["*"]),
      channel: { kind: "quote" },
      mode: "latest",
      every: Math.max(LIST_EVERY_MS_MIN, readEvery(query.get("every") ?? LIST_EVERY_DEFAULT)),
      format: listFormat,
    },
  };
}
