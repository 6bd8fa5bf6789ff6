/** A run is no shorter than this unless it must be, and no longer than that if it has more than a few ticks. */
const RUN_MS = 1_000, RUN_MS_MAX = 60_000, RUN_TICKS = 64;

/** So far the clocks of several servers may be apart. */
const CLOCKS_APART_MS = 3_600_000;

/**
 * The seqs of the ticks of a block, and when they were appended. Places go from 0 without holes; seqs may have
 * some, but only where a run begins. A run also begins when the time of appending has moved on.
 */
export class Runs {
  readonly #places: number[] = [];
  readonly #seqs: number[] = [];
  readonly #times: number[] = [];
  /** The run of the place asked for last: places are mostly asked for in order. */
  #run = 0;

  /** Says that the tick at a place, the next one, has that seq, and was appended then. */
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

  /** The place of the first tick after a seq. @param count of all ticks */
  placeAfter(seq: number, count: number): number {
    const run = lastAtMost(this.#seqs, seq);
    if (run < 0) return 0;
    const place = this.#places[run]! + seq - this.#seqs[run]! + 1;
    return Math.min(place, this.#places[run + 1] ?? count);
  }

  /** How many of the ticks, from the first, were surely appended before a time: runs have only one. */
  appendedBefore(time: number): number {
    const found = firstSince(this.#times, time);
    const next = found < 0 ? this.#times.length : found;
    // The run before may have gone on until then.
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

/** The last index at which a growing list has at most that; -1 when there is none. */
function lastAtMost(list: readonly number[], value: number): number {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Appends a whole number that is not negative: seven bits a byte, the lowest first. */
export function pushVarint(bytes: number[], value: number): void {
  let left = value;
  while (left >= 128) {
    bytes.push(left % 128 + 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
}

/** Reads such a number and moves on behind it. @throws {RangeError} when it does not end */
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
 * The place of the first of some times that is surely not before another; -1 when there is none. The clocks of those
 * who append may differ by up to an hour; one that is further ahead than that says nothing about when it was.
 */
export function firstSince(times: readonly number[], since: number): number {
  const least = times.reduce((a, b) => b >= since && b < a ? b : a, Infinity);
  return times.findIndex((time) => time >= since && time <= least + CLOCKS_APART_MS);
}
