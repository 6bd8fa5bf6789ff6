/**
 * An entry as bytes, so that one is written with one statement or one message. All numbers are little-endian:
 *
 *     0  version (1 or 2)   4  CRC-32 of all the other bytes  16 time            28 how many bids
 *     1  1: more follows    8  first seq                       24 how many sizes  32 how many asks
 *     2  how many symbols                                                        36 how many ticks
 *    40  times, prices, sizes, bids, asks: 8 bytes each; of the last three only those that are known
 *     …  number of the symbol of each tick: 1 byte, or 2 when there are more than 256
 *     …  where some but not all are known: which, one bit for each tick, for sizes, bids and asks
 *     …  the symbols, each after its length
 *     …  definitions, marks, receipts and lease as JSON, if there are any; in version 2 bars and corrections too
 */
import { crc32 } from "node:zlib";
import type { TapedTick } from "../core/tick.ts";
import { type Entry, ENTRY_TICKS_MAX } from "./log.ts";

/** The first version knew neither bars nor corrections, and must not pass over them. */
const VERSION = 1, VERSION_NEWEST = 2, MORE = 1;
const HEADER = 40;
const CRC_AT = 4;

/** Columns of numbers that a tick may lack, with their places in the header. */
const OPTIONAL = [["size", 24], ["bid", 28], ["ask", 32]] as const;

/** An entry is not as it was written. */
export class EntryFault extends Error {}

/** An entry is of a version that nobody here knows. */
export class NewerEntry extends EntryFault {}

/** @throws {RangeError} for more ticks than an entry has */
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

/** @param begin seq of its first tick, where that was not known when it was written @throws {EntryFault} */
export function decodeEntry(bytes: Uint8Array, begin?: number): Entry {
  if (bytes.length < HEADER) throw new EntryFault("it is too short");
  // A copy begins where numbers may.
  const own = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  const view = new DataView(own.buffer, own.byteOffset, own.byteLength);
  if (own[0]! < VERSION || own[0]! > VERSION_NEWEST) {
    throw new NewerEntry(`it is of version ${own[0]}, this program knows ${VERSION_NEWEST}`);
  }
  if (view.getUint32(CRC_AT, true) !== sumOf(own)) {
    throw new EntryFault("it is not as it was written");
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

/** The number of each tick's symbol, and the symbols by number. */
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

/** Each after a byte that is its length; symbols are ASCII. */
function wordsOf(names: readonly string[]): Uint8Array {
  const words = new Uint8Array(names.reduce((sum, { length }) => sum + 1 + length, 0));
  let at = 0;
  for (const name of names) {
    words[at++] = name.length;
    for (let index = 0; index < name.length; index++) words[at++] = name.charCodeAt(index);
  }
  return words;
}

/** How many ticks have that number, and which. */
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

/** @throws {RangeError} for a number that could not be given back */
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

/** Readers of the columns that may lack numbers, to be called for one index after another. */
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
