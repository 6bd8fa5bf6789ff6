/**
 * Columns of integers as bytes: a patched frame of reference (Zukowski et al., "Super-Scalar
 * RAM-CPU Cache Compression", 2006). The frame is the range of most integers of a column: a base,
 * and a number of bits above it. The rare integers outside it, the outliers, are patched
 * afterwards. So a pause among the times does not widen every tick.
 *
 *     column    head, base, low parts, [outliers]; nothing at all without integers
 *     head      one byte: the width of the frame, 0 to 53 bits, and 0x80 if there are outliers
 *     base      signed
 *     low part  of each integer: (integer - base) modulo 2^width, packed from the lowest bit of
 *               each byte on. Above 32 bits: first the lowest 32 of all integers, then the others
 *     outliers  unsigned: how many; then of each, unsigned: how many integers lie between it and
 *               the outlier before, and signed: (integer - base) / 2^width, rounded down
 *     unsigned  7 bits a byte, the lowest first, 0x80 in each byte but the last (LEB128)
 *     signed    the same, but 0x40 of the first byte is the sign
 */

/** The absolute value of an integer in a column is smaller than this. */
export const INTEGER_LIMIT = 2 ** 52;

const WIDTH_MAX = 53;
const WORD_BITS = 32;
const WORD = 2 ** 32;
const OUTLIERS = 0x80;
const CONTINUED = 0x80;
const NEGATIVE = 0x40;
/** Cost of an outlier besides its extra width: its bytes, and the time to patch it. */
const OUTLIER_BITS = 20;

interface Frame {
  readonly base: number;
  readonly width: number;
  readonly outliers: number;
}

/** Writes blocks one after another into the same buffer. */
export class IntegerWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1_024);
  #length = 0;

  begin(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  unsigned(value: number): void {
    while (value >= CONTINUED) {
      this.byte(CONTINUED + value % CONTINUED);
      value = Math.floor(value / CONTINUED);
    }
    this.byte(value);
  }

  signed(value: number): void {
    const size = Math.abs(value);
    const first = size % NEGATIVE + (value < 0 ? NEGATIVE : 0);
    if (size < NEGATIVE) return this.byte(first);
    this.byte(CONTINUED + first);
    this.unsigned(Math.floor(size / NEGATIVE));
  }

  /** Writes a column of the first `count` values. */
  column(values: Float64Array, count: number): void {
    if (count === 0) return;
    const { base, width, outliers } = frameOf(values, count);
    this.byte(width + (outliers > 0 ? OUTLIERS : 0));
    this.signed(base);
    this.#pack(values, count, base, 1, Math.min(width, WORD_BITS));
    this.#pack(values, count, base, 1 / WORD, Math.max(width - WORD_BITS, 0));
    if (outliers > 0) this.#outliers(values, count, base, 2 ** width, outliers);
  }

  /** A copy of the bytes since `begin`. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #outliers(values: Float64Array, count: number, base: number, size: number, many: number): void {
    this.unsigned(many);
    let next = 0;
    for (let index = 0; index < count; index++) {
      const upper = Math.floor((values[index]! - base) / size);
      if (upper === 0) continue;
      this.unsigned(index - next);
      this.signed(upper);
      next = index + 1;
    }
  }

  /** Packs the lowest `width` bits of (value - base) × scale for each value. */
  #pack(values: Float64Array, count: number, base: number, scale: number, width: number): void {
    if (width === 0) return;
    this.#reserve(packedLength(count, width) + 4);
    const bytes = this.#bytes;
    const mask = maskOf(width);
    let at = this.#length;
    let word = 0;
    let filled = 0;
    for (let index = 0; index < count; index++) {
      // The bit operators take a number modulo 2^32, also a negative one.
      const part = Math.floor((values[index]! - base) * scale) & mask;
      word |= part << filled;
      filled += width;
      if (filled < WORD_BITS) continue;
      bytes[at++] = word;
      bytes[at++] = word >>> 8;
      bytes[at++] = word >>> 16;
      bytes[at++] = word >>> 24;
      filled -= WORD_BITS;
      word = filled === 0 ? 0 : part >>> (width - filled);
    }
    for (; filled > 0; filled -= 8, word >>>= 8) bytes[at++] = word;
    this.#length = at;
  }

  #reserve(more: number): void {
    const { length } = this.#bytes;
    if (this.#length + more <= length) return;
    const larger = new Uint8Array(2 * length + more);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/**
 * Reads blocks that an {@link IntegerWriter} wrote. All methods throw a `SyntaxError` for bytes
 * that it cannot have written.
 */
export class IntegerReader {
  #words = new Uint32Array(256);
  #bytes = new Uint8Array(this.#words.buffer);
  #upper = new Float64Array();
  #length = 0;
  #at = 0;

  begin(bytes: Uint8Array): void {
    // Whole words, and one more: each packed integer is read from two neighbouring words.
    const words = (bytes.length + 3 >>> 2) + 1;
    if (words > this.#words.length) {
      this.#words = new Uint32Array(2 * words);
      this.#bytes = new Uint8Array(this.#words.buffer);
    }
    this.#bytes.set(bytes);
    this.#length = bytes.length;
    this.#at = 0;
  }

  byte(): number {
    if (this.#at >= this.#length) throw early();
    return this.#bytes[this.#at++]!;
  }

  unsigned(): number {
    let value = 0;
    for (let unit = 1; value <= Number.MAX_SAFE_INTEGER; unit *= CONTINUED) {
      const byte = this.byte();
      value += byte % CONTINUED * unit;
      if (byte < CONTINUED) return value;
      if (unit > Number.MAX_SAFE_INTEGER) break;
    }
    throw new SyntaxError("Cannot read integers: one is too large");
  }

  signed(): number {
    const first = this.byte();
    const size = first % NEGATIVE + (first < CONTINUED ? 0 : this.unsigned() * NEGATIVE);
    return (first & NEGATIVE) === 0 ? size : -size;
  }

  /** Reads a column of `count` integers into an array, from index `first` on. */
  column(into: Float64Array, first: number, count: number): void {
    if (count === 0) return;
    const head = this.byte();
    const width = head % OUTLIERS;
    if (width > WIDTH_MAX) throw new SyntaxError(`Cannot read integers: a width of ${width} bits`);
    const base = this.signed();
    if (width === 0) into.fill(base, first, first + count);
    else this.#unpack(into, first, count, base, Math.min(width, WORD_BITS));
    if (width > WORD_BITS) this.#unpackUpper(into, first, count, width - WORD_BITS);
    if (head >= OUTLIERS) this.#patch(into, first, count, 2 ** width);
  }

  /** @throws {SyntaxError} if there are bytes left */
  end(): void {
    if (this.#at < this.#length) throw new SyntaxError("Cannot read integers: bytes are left");
  }

  #unpack(into: Float64Array, first: number, count: number, base: number, width: number): void {
    const words = this.#words;
    const mask = maskOf(width);
    let bit = this.#packed(count, width);
    for (let index = first; index < first + count; index++, bit += width) {
      const at = bit >>> 5;
      const upper = words[at + 1]! << 1 << (~bit & 31);
      into[index] = base + (((words[at]! >>> (bit & 31) | upper) & mask) >>> 0);
    }
  }

  /** Adds the bits above the lowest 32. */
  #unpackUpper(into: Float64Array, first: number, count: number, width: number): void {
    if (this.#upper.length < count) this.#upper = new Float64Array(2 * count);
    const upper = this.#upper;
    this.#unpack(upper, 0, count, 0, width);
    for (let index = 0; index < count; index++) into[first + index]! += upper[index]! * WORD;
  }

  #patch(into: Float64Array, first: number, count: number, size: number): void {
    let next = 0;
    for (let left = this.unsigned(); left > 0; left--) {
      const at = next + this.unsigned();
      if (at >= count) throw new SyntaxError("Cannot read integers: an outlier of no integer");
      into[first + at]! += this.signed() * size;
      next = at + 1;
    }
  }

  /** Skips packed integers. @returns the index of their first bit */
  #packed(count: number, width: number): number {
    const begin = this.#at;
    this.#at += packedLength(count, width);
    if (this.#at > this.#length) throw early();
    return 8 * begin;
  }
}

const above = new Uint32Array(WIDTH_MAX + 1);
const around = new Uint32Array(WIDTH_MAX + 1);

/** The smaller of two frames: one from the least integer on, or one around a median. */
function frameOf(values: Float64Array, count: number): Frame {
  let min = Infinity;
  let max = -Infinity;
  for (let index = 0; index < count; index++) {
    const value = values[index]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // In so wide a range, differences from a median would not be exact.
  if (max === min || max - min >= INTEGER_LIMIT) {
    return { base: min, width: bitsOf(max - min), outliers: 0 };
  }
  const middle = median(values[0]!, values[count >>> 1]!, values[count - 1]!);
  above.fill(0);
  around.fill(0);
  for (let index = 0; index < count; index++) {
    const value = values[index]!;
    above[bitsOf(value - min)]!++;
    around[signedBitsOf(value - middle)]!++;
  }
  const fromLeast = cheapest(above, count);
  const fromMiddle = cheapest(around, count);
  if (fromLeast.bits <= fromMiddle.bits) return { ...fromLeast, base: min };
  const { width, outliers } = fromMiddle;
  return { base: width === 0 ? middle : middle - 2 ** (width - 1), width, outliers };
}

/** The width that needs the fewest bits. @param widths number of integers by their width in bits */
function cheapest(widths: Uint32Array, count: number) {
  let width = WIDTH_MAX;
  while (width > 0 && widths[width] === 0) width--;
  let best = { width, bits: width * count, outliers: 0 };
  let outliers = 0;
  let excess = 0;
  while (width > 0) {
    outliers += widths[width]!;
    excess += outliers;
    width--;
    const bits = width * count + OUTLIER_BITS * outliers + excess;
    if (bits < best.bits) best = { width, bits, outliers };
  }
  return best;
}

function median(one: number, two: number, three: number): number {
  return Math.max(Math.min(one, two), Math.min(Math.max(one, two), three));
}

/** Number of bits of a number that is not negative. */
function bitsOf(value: number): number {
  return value < WORD ? WORD_BITS - Math.clz32(value) : 2 * WORD_BITS - Math.clz32(value / WORD);
}

/** Number of bits of a number in two's complement; 0 for 0. */
function signedBitsOf(value: number): number {
  return value === 0 ? 0 : 1 + bitsOf(value < 0 ? -1 - value : value);
}

function maskOf(width: number): number {
  return 0xffffffff >>> (WORD_BITS - width);
}

function packedLength(count: number, width: number): number {
  return Math.ceil(count * width / 8);
}

function early(): SyntaxError {
  return new SyntaxError("Cannot read integers: the bytes end too early");
}
