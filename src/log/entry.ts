/**
 * Encodes an entry as bytes, for one SQL statement or one message. All numbers are little-endian:
 *
 *     0  version (1 or 2)   4  CRC-32 of the other bytes      16 time            28 count of bids
 *     1  1: more follows    8  first seq                      24 count of sizes  32 count of asks
 *     2  count of symbols                                                        36 count of ticks
 *    40  times, prices, sizes, bids, asks: 8 bytes each; of the last three only the known values
 *     …  symbol index of each tick: 1 byte, or 2 for more than 256 symbols
 *     …  bitmaps of known sizes, bids and asks: one bit per tick; absent if all or none are known
 *     …  the symbols, each after a byte with its length
 *     …  definitions, marks, receipts and lease as JSON, if any; in version 2 bars, corrections
 */
import { crc32 } from "node:zlib";
import type { TapedTick } from "../core/tick.ts";
import { type Entry, ENTRY_TICKS_MAX } from "./log.ts";

/** Entries with bars or corrections have version 2, so that old programs refuse them. */
const VERSION = 1, VERSION_NEWEST = 2, MORE = 1;
const HEADER = 40;
const CRC_AT = 4;

/** Optional columns, with the offsets of their counts in the header. */
const OPTIONAL = [["size", 24], ["bid", 28], ["ask", 32]] as const;

/** An entry is damaged. */
export class EntryFault extends Error {}

/** An entry has a version that this program does not know. */
export class NewerEntry extends EntryFault {}

/** @throws {RangeError} for more than `ENTRY_TICKS_MAX` ticks or a number that is not finite */
export function encodeEntry(entry: Entry): Uint8Array {
  const { first, ticks, time, definitions, marks, receipts, lease, more, bars, corrections } =
    entry;
  const count = ticks.length;
  if (count > ENTRY_TICKS_MAX) throw new RangeError(`Cannot log ${count} ticks in one entry`);
  const { numbers, names } = numbersOf(ticks);
  const present = OPTIONAL.map(([name]) => presenceOf(ticks, name));
  const words = wordsOf(names);
  const version = bars === undefined && corrections === undefined ? VERSION : VERSION_NEWEST;
  const hasRest = definitions.length + marks.length + receipts.length > 0 ||
    lease !== undefined || version > VERSION;
  const json = { definitions, marks, receipts, lease, bars, corrections };
  const rest = hasRest ? new TextEncoder().encode(JSON.stringify(json)) : new Uint8Array();
  const floats = 2 * count + present.reduce((sum, { known }) => sum + known, 0);
  const width = names.length > 256 ? 2 : 1;
  const partial = present.filter(({ known }) => known > 0 && known < count);
  const bitmaps = partial.length * Math.ceil(count / 8);
  const bytes = new Uint8Array(
    HEADER + 8 * floats + width * count + bitmaps + words.length + rest.length,
  );
  const view = new DataView(bytes.buffer);
  bytes[0] = version;
  bytes[1] = more ? MORE : 0;
  view.setUint16(2, names.length, true);
  view.setFloat64(8, first, true);
  view.setFloat64(16, time, true);
  OPTIONAL.forEach(([, at], index) => view.setUint32(at, present[index]!.known, true));
  view.setUint32(36, count, true);
  writeFloats(new Float64Array(bytes.buffer, HEADER, floats), ticks);
  let at = HEADER + 8 * floats;
  for (let index = 0; index < count; index++) {
    bytes[at++] = numbers[index]!;
    if (width === 2) bytes[at++] = numbers[index]! >>> 8;
  }
  for (const { bits } of partial) {
    bytes.set(bits, at);
    at += bits.length;
  }
  bytes.set(words, at);
  bytes.set(rest, at + words.length);
  view.setUint32(CRC_AT, sumOf(bytes), true);
  return bytes;
}

/** @param begin seq of the first tick, if the writer did not know it @throws {EntryFault} */
export function decodeEntry(bytes: Uint8Array, begin?: number): Entry {
  if (bytes.length < HEADER) throw new EntryFault("it is too short");
  // A copy is aligned for doubles.
  const own = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  const view = new DataView(own.buffer, own.byteOffset, own.byteLength);
  if (own[0]! < VERSION || own[0]! > VERSION_NEWEST) {
    throw new NewerEntry(`it has version ${own[0]}, this program knows ${VERSION_NEWEST}`);
  }
  if (view.getUint32(CRC_AT, true) !== sumOf(own)) {
    throw new EntryFault("its checksum is wrong");
  }
  const first = begin ?? view.getFloat64(8, true);
  const count = view.getUint32(36, true);
  const known = OPTIONAL.map(([, at]) => view.getUint32(at, true));
  const floats = 2 * count + known.reduce((sum, each) => sum + each, 0);
  const columns = new Float64Array(own.buffer, own.byteOffset + HEADER, floats);
  const width = view.getUint16(2, true) > 256 ? 2 : 1;
  const numbersAt = HEADER + 8 * floats;
  let at = numbersAt + width * count;
  const present = known.map((each) => {
    if (each === 0 || each === count) return undefined;
    const bits = own.subarray(at, at += Math.ceil(count / 8));
    return bits;
  });
  const names: string[] = [];
  const text = new TextDecoder();
  for (let left = view.getUint16(2, true); left > 0; left--) {
    const length = own[at++]!;
    names.push(text.decode(own.subarray(at, at += length)));
  }
  const column = optionalColumns(columns, count, known, present);
  const ticks = new Array<TapedTick>(count);
  for (let index = 0; index < count; index++) {
    const place = numbersAt + width * index;
    const number = width === 1 ? own[place]! : own[place]! + 256 * own[place + 1]!;
    ticks[index] = {
      seq: first + index,
      symbol: names[number]!,
      time: columns[index]!,
      price: columns[count + index]!,
      size: column[0]!(index),
      bid: column[1]!(index),
      ask: column[2]!(index),
    };
  }
  const rest = at < own.length
    ? JSON.parse(text.decode(own.subarray(at))) as Pick<
      Entry,
      "definitions" | "marks" | "receipts" | "lease" | "bars" | "corrections"
    >
    : { definitions: [], marks: [], receipts: [] };
  return { first, ticks, time: view.getFloat64(16, true), ...rest, more: (own[1]! & MORE) !== 0 };
}

function sumOf(bytes: Uint8Array): number {
  return crc32(bytes.subarray(CRC_AT + 4), crc32(bytes.subarray(0, CRC_AT)));
}

/** The symbol index of each tick, and the symbols by index. */
function numbersOf(ticks: readonly TapedTick[]): { numbers: Uint16Array; names: string[] } {
  const numbers = new Uint16Array(ticks.length);
  const known = new Map<string, number>();
  let last = "", number = -1;
  for (let index = 0; index < ticks.length; index++) {
    const { symbol } = ticks[index]!;
    if (symbol !== last) {
      last = symbol;
      number = known.get(symbol) ?? -1;
      if (number < 0) known.set(symbol, number = known.size);
    }
    numbers[index] = number;
  }
  return { numbers, names: [...known.keys()] };
}

/** The symbols, each after a byte with its length; symbols are ASCII. */
function wordsOf(names: readonly string[]): Uint8Array {
  const words = new Uint8Array(names.reduce((sum, { length }) => sum + 1 + length, 0));
  let at = 0;
  for (const name of names) {
    words[at++] = name.length;
    for (let index = 0; index < name.length; index++) words[at++] = name.charCodeAt(index);
  }
  return words;
}

/** The number of ticks with that value, and a bitmap of them. */
function presenceOf(
  ticks: readonly TapedTick[],
  name: "size" | "bid" | "ask",
): { known: number; bits: Uint8Array } {
  const bits = new Uint8Array(Math.ceil(ticks.length / 8));
  let known = 0;
  for (let index = 0; index < ticks.length; index++) {
    if (ticks[index]![name] === null) continue;
    known++;
    bits[index >>> 3]! |= 1 << (index & 7);
  }
  return { known, bits };
}

/** @throws {RangeError} for a number that is not finite */
function writeFloats(floats: Float64Array, ticks: readonly TapedTick[]): void {
  const count = ticks.length;
  for (let index = 0; index < count; index++) {
    const { time, price } = ticks[index]!;
    floats[index] = finite(time);
    floats[count + index] = finite(price);
  }
  let at = 2 * count;
  for (const [name] of OPTIONAL) {
    for (let index = 0; index < count; index++) {
      const value = ticks[index]![name];
      if (value !== null) floats[at++] = finite(value);
    }
  }
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`Cannot log a tick with ${value} in it`);
  return value;
}

/** Readers of the optional columns. Call them for each index in order. */
function optionalColumns(
  columns: Float64Array,
  count: number,
  known: readonly number[],
  present: readonly (Uint8Array | undefined)[],
): ((index: number) => number | null)[] {
  let at = 2 * count;
  return known.map((each, column) => {
    let next = at;
    at += each;
    const bits = present[column];
    if (each === 0) return () => null;
    if (bits === undefined) return (index) => columns[next + index]!;
    return (index) => (bits[index >>> 3]! & (1 << (index & 7))) === 0 ? null : columns[next++]!;
  });
}
