import { lastAtMost } from "./halving.ts";

/** A run ends after `RUN_MS`, or after `RUN_MS_MAX` if it has fewer than `RUN_TICKS` ticks. */
const RUN_MS = 1_000, RUN_MS_MAX = 60_000, RUN_TICKS = 64;

/** Most milliseconds by which the clocks of several servers may differ. */
const CLOCKS_APART_MS = 3_600_000;

/**
 * The seqs of the ticks of a block, and when they were appended. Places start at 0 and have no
 * gaps. Seqs have gaps only between two runs. A run has one append time and ends after a while.
 */
export class Runs {
  readonly #places: number[] = [];
  readonly #seqs: number[] = [];
  readonly #times: number[] = [];
  /** The run that was found last: most callers ask for places in order. */
  #run = 0;

  /** Adds the next tick: its place, its seq and when it was appended. */
  add(place: number, seq: number, time: number): void {
    const last = this.#places.length - 1;
    if (last >= 0) {
      const since = this.#places[last]!;
      const follows = seq - this.#seqs[last]! === place - since;
      const passed = Math.abs(time - this.#times[last]!);
      if (follows && (passed < RUN_MS || (passed < RUN_MS_MAX && place - since < RUN_TICKS))) {
        return;
      }
    }
    this.#places.push(place);
    this.#seqs.push(seq);
    this.#times.push(time);
  }

  seqAt(place: number): number {
    const places = this.#places;
    if (!(places[this.#run]! <= place && (places[this.#run + 1] ?? Infinity) > place)) {
      this.#run = lastAtMost(places, place);
    }
    return this.#seqs[this.#run]! + place - places[this.#run]!;
  }

  /** The place of the first tick after a seq. @param count number of all ticks */
  placeAfter(seq: number, count: number): number {
    const run = lastAtMost(this.#seqs, seq);
    if (run < 0) return 0;
    const place = this.#places[run]! + seq - this.#seqs[run]! + 1;
    return Math.min(place, this.#places[run + 1] ?? count);
  }

  /** How many of the first ticks were surely appended before a time: a run has only one time. */
  appendedBefore(time: number): number {
    const found = firstSince(this.#times, time);
    const next = found < 0 ? this.#times.length : found;
    // The run before may have ticks that were appended later.
    return next === 0 ? 0 : this.#places[next - 1]!;
  }

  encode(): Uint8Array {
    const bytes: number[] = [];
    let [place, seq, time] = [0, 0, 0];
    for (let run = 0; run < this.#places.length; run++) {
      const [nextPlace, nextSeq] = [this.#places[run]!, this.#seqs[run]!];
      const nextTime = Math.round(this.#times[run]!);
      pushVarint(bytes, nextPlace - place);
      pushVarint(bytes, nextSeq - seq - (nextPlace - place));
      // A clock may have been set back.
      pushVarint(bytes, zigzag(nextTime - time));
      [place, seq, time] = [nextPlace, nextSeq, nextTime];
    }
    return Uint8Array.from(bytes);
  }

  static decode(bytes: Uint8Array): Runs {
    const runs = new Runs();
    const reader = { at: 0 };
    let [place, seq, time] = [0, 0, 0];
    while (reader.at < bytes.length) {
      const places = readVarint(bytes, reader);
      place += places;
      seq += readVarint(bytes, reader) + places;
      time += unzigzag(readVarint(bytes, reader));
      runs.#places.push(place);
      runs.#seqs.push(seq);
      runs.#times.push(time);
    }
    return runs;
  }
}

/** Appends an integer that is not negative: seven bits per byte, lowest bits first. */
export function pushVarint(bytes: number[], value: number): void {
  let left = value;
  while (left >= 128) {
    bytes.push(left % 128 + 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
}

/** Reads such a number and moves after it. @throws {RangeError} if the number does not end */
export function readVarint(bytes: Uint8Array, reader: { at: number }): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 56; scale *= 128) {
    const byte = bytes[reader.at++];
    if (byte === undefined) break;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
  throw new RangeError("Cannot read a number: it does not end");
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/**
 * The index of the first time that is not before `since`; -1 if there is none. The clocks of
 * writers may differ by up to an hour. A time that is further ahead is wrong and does not count.
 */
export function firstSince(times: readonly number[], since: number): number {
  const least = times.reduce((a, b) => b >= since && b < a ? b : a, Infinity);
  return times.findIndex((time) => time >= since && time <= least + CLOCKS_APART_MS);
}
