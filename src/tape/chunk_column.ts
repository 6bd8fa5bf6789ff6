/** The columns of a chunk; chunk.ts describes the layout. */
import type { IntegerReader, IntegerWriter } from "../core/integers.ts";
import { addUlps, intoUnit, outOfUnit, unitOf, UNITS, wordsOf } from "../core/units.ts";

/** Most ticks of a chunk. Larger chunks would make reads of few ticks slower. */
export const CHUNK_TICKS_MAX = 8_192;

const KIND = 0xc0;
export const [NONE, ALL, SOME, WORDS] = [0x00, 0x40, 0x80, 0xc0] as const;
const UNIT = 0x0f;
const ULPS = 0x10;

/** The reference of a column: its integers are written as differences from it. */
export type Origin = "zero" | "previous" | Float64Array;

/** A buffer for one call. It is shared, because a new buffer would cost more than a small chunk. */
const scratch = new Float64Array(CHUNK_TICKS_MAX);

/** Encodes a column. One instance encodes that column of one chunk after the other. */
export class Column {
  readonly #numbers = new Float64Array(CHUNK_TICKS_MAX);
  readonly #integers = new Float64Array(CHUNK_TICKS_MAX);
  readonly #ulps = new Float64Array(CHUNK_TICKS_MAX);
  #count = 0;
  #kind: number = NONE;
  #unit = 0;
  #hasUlps = false;

  get form(): number {
    const isInUnit = this.#kind === ALL || this.#kind === SOME;
    return isInUnit ? this.#kind + this.#unit + (this.#hasUlps ? ULPS : 0) : this.#kind;
  }

  get numbers(): Float64Array {
    return this.#numbers;
  }

  /** This column as the reference of other columns. */
  get origin(): Origin {
    return originOf(this.form, this.#integers);
  }

  /** Begins a chunk with the numbers at some indices. */
  gather(column: Float64Array, at: Uint32Array): void {
    let absent = 0;
    for (let index = 0; index < at.length; index++) {
      const number = column[at[index]!]!;
      this.#numbers[index] = number;
      if (Number.isNaN(number)) absent++;
    }
    this.#count = at.length;
    this.#kind = absent === 0 ? ALL : absent < at.length ? SOME : NONE;
  }

  /** Writes none of the numbers. */
  leave(): void {
    this.#kind = NONE;
  }

  /** Finds the unit. @param from the largest unit allowed @returns the unit; `from` if none fits */
  measure(from: number): number {
    if (this.#kind === NONE) return from;
    const unit = unitOf(this.#numbers, this.#count, from);
    if (unit === undefined) this.#kind = WORDS;
    return unit ?? from;
  }

  /** Converts the numbers to integers in the unit, if they fit. */
  fit(unit: number): void {
    if (this.#kind === NONE || this.#kind === WORDS) return;
    const away = intoUnit(this.#numbers, this.#count, unit, this.#integers, this.#ulps);
    if (away === undefined) this.#kind = WORDS;
    this.#unit = unit;
    this.#hasUlps = away !== 0;
  }

  write(writer: IntegerWriter, origin: Origin): void {
    if (this.#kind === NONE) return;
    if (this.#kind === WORDS) return this.#writeWords(writer);
    if (this.#kind === SOME) this.#writeKnown(writer);
    if (origin === "zero" && this.#kind === ALL) return writer.column(this.#integers, this.#count);
    const from = typeof origin === "string" ? undefined : origin;
    let count = 0;
    for (let index = 0; index < this.#count; index++) {
      const integer = this.#integers[index]!;
      if (!Number.isNaN(integer)) scratch[count++] = from ? integer - from[index]! : integer;
    }
    if (origin === "previous") writeSteps(writer, scratch, count);
    else writer.column(scratch, count);
  }

  writeUlps(writer: IntegerWriter): void {
    if ((this.form & ULPS) !== 0 && this.#kind !== WORDS) writer.column(this.#ulps, this.#count);
  }

  #writeKnown(writer: IntegerWriter): void {
    for (let index = 0; index < this.#count; index++) {
      scratch[index] = Number.isNaN(this.#numbers[index]) ? 0 : 1;
    }
    writer.column(scratch, this.#count);
  }

  #writeWords(writer: IntegerWriter): void {
    const words = wordsOf(this.#numbers);
    for (const half of [1, 0]) {
      for (let index = 0; index < this.#count; index++) scratch[index] = words[2 * index + half]!;
      writeSteps(writer, scratch, this.#count);
    }
  }
}

/** Writes the first `count` integers as steps and overwrites them. */
export function writeSteps(writer: IntegerWriter, integers: Float64Array, count: number): void {
  writer.signed(integers[0]!);
  for (let index = 1; index < count; index++) {
    integers[index - 1] = integers[index]! - integers[index - 1]!;
  }
  writer.column(integers, count - 1);
}

/** Reads `count` integers that were written as steps. */
export function readSteps(reader: IntegerReader, into: Float64Array, count: number): void {
  let integer = reader.signed();
  into[0] = integer;
  reader.column(into, 1, count - 1);
  for (let index = 1; index < count; index++) into[index] = integer += into[index]!;
}

/** Reads the integers of a column; for the kind `words`, the numbers themselves. */
export function readColumn(
  reader: IntegerReader,
  form: number,
  origin: Origin,
  into: Float64Array,
): void {
  const kind = kindOf(form);
  const count = into.length;
  if (kind === NONE) return void into.fill(NaN);
  if (kind === WORDS) return readWords(reader, into);
  const known = kind === SOME ? readKnown(reader, count) : count;
  if (origin === "previous") readSteps(reader, into, known);
  else reader.column(into, 0, known);
  if (kind === SOME) spread(into, known);
  if (typeof origin === "string") return;
  for (let index = 0; index < count; index++) into[index]! += origin[index]!;
}

/** Converts the integers of a column to its numbers. */
export function readNumbers(reader: IntegerReader, form: number, integers: Float64Array): void {
  const kind = kindOf(form);
  if (kind === NONE || kind === WORDS) return;
  outOfUnit(integers, integers.length, form & UNIT);
  if ((form & ULPS) === 0) return;
  reader.column(scratch, 0, integers.length);
  addUlps(integers, integers.length, scratch);
}

export function originOf(form: number, integers: Float64Array): Origin {
  return kindOf(form) === ALL ? integers : "previous";
}

export function kindOf(form: number): number {
  return form & KIND;
}

/** Whether a column can have this form. */
export function isForm(form: number): boolean {
  const kind = kindOf(form);
  if (kind === NONE || kind === WORDS) return form === kind;
  return (form & UNIT) < UNITS && form - kind <= ULPS + UNIT;
}

function readWords(reader: IntegerReader, into: Float64Array): void {
  const words = wordsOf(into);
  for (const half of [1, 0]) {
    readSteps(reader, scratch, into.length);
    for (let index = 0; index < into.length; index++) words[2 * index + half] = scratch[index]!;
  }
}

/** Reads which numbers are known. @returns how many are known */
function readKnown(reader: IntegerReader, count: number): number {
  reader.column(scratch, 0, count);
  let known = 0;
  for (let index = 0; index < count; index++) {
    if (scratch[index] === 1) known++;
    else if (scratch[index] !== 0) throw unreadable("a number that is neither known nor absent");
  }
  if (known === 0) throw unreadable("a column of nothing");
  return known;
}

/** Moves the first integers to their places. It starts at the end, so that no integer is lost. */
function spread(integers: Float64Array, known: number): void {
  for (let index = integers.length - 1; index >= 0; index--) {
    integers[index] = scratch[index] === 1 ? integers[--known]! : NaN;
  }
}

export function unreadable(why: string): SyntaxError {
  return new SyntaxError(`Cannot read a chunk: ${why}`);
}
