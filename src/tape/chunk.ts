/**
 * A chunk has ticks of one symbol, or of a few symbols, of a block, as compressed columns. Columns
 * are made of small integers (core/integers.ts). A decoded tick is the same bit for bit.
 *
 *     chunk   version (1 byte); forms of time, price, size, bid and ask (1 byte each); steps of the
 *             places; columns of time, price, size, bid and ask; their columns of ulps
 *     form    bits 0xc0 are the kind:
 *               none    no numbers: a price is the middle of bid and ask, other values are absent
 *               all     one integer per tick, in the unit
 *               some    a column of 1 (known) and 0 (absent), then the integers of the known values
 *               words   no unit fits: steps of the upper 32 bits of the numbers, then of the lower
 *             with `all` and `some`: bits 0x0f are the unit (core/units.ts), 0x10 means ulps
 *     ulps    a column of ulps to add to the numbers that the integers make; 0 for absent values
 *     steps   the first integer, signed, and a column of the differences from each to the next
 *
 * Sizes are plain integers, times and prices are steps. Bids and asks are differences from the
 * price, in its unit. If the price is their middle, bids are steps, and asks are differences from
 * the bid. Differences are possible only from a column of the kind `all`; otherwise steps are
 * written.
 */
import { IntegerReader, IntegerWriter } from "../core/integers.ts";
import type { TickColumns, TickNumbers } from "../core/tick_columns.ts";
import {
  CHUNK_TICKS_MAX,
  Column,
  isForm,
  kindOf,
  NONE,
  originOf,
  readColumn,
  readNumbers,
  readSteps,
  SOME,
  unreadable,
  writeSteps,
} from "./chunk_column.ts";

export { CHUNK_TICKS_MAX };

/** Ticks of a block of the tape. Absent size, bid and ask are NaN. */
export interface Chunk extends TickNumbers {
  /** The places of the ticks in the block, in growing order. The first place of a block is 0. */
  readonly places: Uint32Array;
}

const VERSION = 1;

// Only one chunk is encoded or decoded at a time, so all chunks share these buffers.
const writer = new IntegerWriter();
const reader = new IntegerReader();
const [time, price, size, bid, ask] = [
  new Column(),
  new Column(),
  new Column(),
  new Column(),
  new Column(),
] as const;
const all = [time, price, size, bid, ask] as const;
const scratch = new Float64Array(CHUNK_TICKS_MAX);

/**
 * @param at indices of the ticks in the columns
 * @param places of the ticks, in growing order; by default their indices
 * @throws {RangeError} for no ticks or more than {@link CHUNK_TICKS_MAX}
 */
export function encodeChunk(
  columns: TickColumns,
  at: Uint32Array,
  places: Uint32Array = at,
): Uint8Array<ArrayBuffer> {
  const count = at.length;
  checkCount(count);
  time.gather(columns.times, at);
  price.gather(columns.prices, at);
  size.gather(columns.sizes, at);
  bid.gather(columns.bids, at);
  ask.gather(columns.asks, at);
  const areMiddles = arePricesMiddles(count);
  if (areMiddles) price.leave();
  time.fit(time.measure(0));
  size.fit(size.measure(0));
  const unit = ask.measure(bid.measure(price.measure(0)));
  for (const quote of [price, bid, ask]) quote.fit(unit);
  const fault = faultOf(all.map(({ form }) => form));
  if (fault !== undefined) throw new TypeError(`Cannot write a chunk: ${fault}`);

  writer.begin();
  writer.byte(VERSION);
  for (const { form } of all) writer.byte(form);
  for (let index = 0; index < count; index++) scratch[index] = places[index]!;
  writeSteps(writer, scratch, count);
  time.write(writer, "previous");
  price.write(writer, "previous");
  size.write(writer, "zero");
  bid.write(writer, price.origin);
  ask.write(writer, areMiddles ? bid.origin : price.origin);
  for (const column of all) column.writeUlps(writer);
  return writer.written();
}

/**
 * @throws {SyntaxError} if the bytes are not a chunk of `count` ticks. It does not detect all
 *   damage, so the caller checks a checksum.
 */
export function decodeChunk(bytes: Uint8Array, count: number): Chunk {
  checkCount(count);
  reader.begin(bytes);
  const version = reader.byte();
  if (version !== VERSION) throw unreadable(`its version is ${version}`);
  const forms = [
    reader.byte(),
    reader.byte(),
    reader.byte(),
    reader.byte(),
    reader.byte(),
  ] as const;
  const fault = faultOf(forms);
  if (fault !== undefined) throw unreadable(fault);
  const [timeForm, priceForm, sizeForm, bidForm, askForm] = forms;
  const areMiddles = kindOf(priceForm) === NONE;

  const chunk = emptyChunk(count);
  const { places, times, prices, sizes, bids, asks } = chunk;
  readPlaces(places);
  readColumn(reader, timeForm, "previous", times);
  readColumn(reader, priceForm, "previous", prices);
  readColumn(reader, sizeForm, "zero", sizes);
  readColumn(reader, bidForm, originOf(priceForm, prices), bids);
  readColumn(
    reader,
    askForm,
    areMiddles ? originOf(bidForm, bids) : originOf(priceForm, prices),
    asks,
  );
  readNumbers(reader, timeForm, times);
  readNumbers(reader, priceForm, prices);
  readNumbers(reader, sizeForm, sizes);
  readNumbers(reader, bidForm, bids);
  readNumbers(reader, askForm, asks);
  reader.end();
  if (areMiddles) {
    for (let index = 0; index < count; index++) prices[index] = middle(bids[index]!, asks[index]!);
  }
  return chunk;
}

/** All columns share one buffer: Deno takes longer to make a buffer than to read a small chunk. */
function emptyChunk(count: number): Chunk {
  const buffer = new ArrayBuffer((5 * 8 + 4) * count);
  const column = (index: number) => new Float64Array(buffer, 8 * count * index, count);
  const [times, prices, sizes, bids, asks] = [
    column(0),
    column(1),
    column(2),
    column(3),
    column(4),
  ];
  const places = new Uint32Array(buffer, 5 * 8 * count, count);
  return { places, times, prices, sizes, bids, asks };
}

function readPlaces(places: Uint32Array): void {
  readSteps(reader, scratch, places.length);
  let previous = -1;
  for (let index = 0; index < places.length; index++) {
    const place = scratch[index]!;
    places[index] = place;
    if (place <= previous || places[index] !== place) throw unreadable("its places do not grow");
    previous = place;
  }
}

function arePricesMiddles(count: number): boolean {
  for (let index = 0; index < count; index++) {
    const expected = middle(bid.numbers[index]!, ask.numbers[index]!);
    if (!Object.is(price.numbers[index], expected)) return false;
  }
  return true;
}

function middle(bid: number, ask: number): number {
  return (bid + ask) / 2;
}

/** Why ticks cannot have columns of these forms; `undefined` if they can. */
function faultOf(forms: readonly number[]): string | undefined {
  const wrong = forms.find((form) => !isForm(form));
  if (wrong !== undefined) return `a column has the form ${wrong}`;
  const [time, price, , bid, ask] = forms.map((form) => {
    const kind = kindOf(form);
    return kind !== NONE && kind !== SOME;
  });
  if (!time) return "a tick has no time";
  const areMiddles = kindOf(forms[1]!) === NONE && bid && ask;
  return price || areMiddles ? undefined : "a tick has no price";
}

function checkCount(count: number): void {
  if (Number.isInteger(count) && count > 0 && count <= CHUNK_TICKS_MAX) return;
  throw new RangeError(`A chunk has 1 to ${CHUNK_TICKS_MAX} ticks, not ${count}`);
}
