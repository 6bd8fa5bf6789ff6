import { CHUNK_TICKS_MAX } from "./chunk.ts";
import { firstIndex } from "./halving.ts";
import { pushVarint, readVarint } from "./runs.ts";

/** Most ticks of a part that several symbols share. A symbol with many ticks has several parts. */
const SHARED_TICKS_MAX = 256;

/** Ticks of a block that are stored together, ordered by symbol, then in tape order. */
export interface Part {
  /** Index of its first tick in this order of the whole block, and the index after its last. */
  readonly begin: number;
  readonly end: number;
  /** Index of its first symbol in the directory. */
  readonly symbol: number;
}

/** The symbols of a block, the number of ticks of each, and the parts with these ticks. */
export class Directory {
  readonly symbols: Uint32Array;
  /** Index of each symbol's first tick in the order of `Part`; the last value is the tick count. */
  readonly begins: Uint32Array;
  readonly parts: readonly Part[];

  /** @param counts number of ticks of each symbol, in the order of symbols */
  constructor(counts: readonly (readonly [symbol: number, count: number])[]) {
    this.symbols = Uint32Array.from(counts, ([symbol]) => symbol);
    this.begins = new Uint32Array(counts.length + 1);
    counts.forEach(([, count], index) => this.begins[index + 1] = this.begins[index]! + count);
    this.parts = partsOf(this.begins);
  }

  get count(): number {
    return this.begins[this.symbols.length]!;
  }

  /** The index of a symbol; -1 if the block has no tick of it. */
  indexOf(symbol: number): number {
    const { symbols } = this;
    const found = firstIndex(symbols.length, (index) => symbols[index]! >= symbol);
    return symbols[found] === symbol ? found : -1;
  }

  /** Number of ticks of a symbol. */
  countOf(symbol: number): number {
    const index = this.indexOf(symbol);
    return index < 0 ? 0 : this.begins[index + 1]! - this.begins[index]!;
  }

  /** The parts with the ticks from `begin` to `end`: the first part, and the one after the last. */
  partsBetween(begin: number, end: number): [first: number, behind: number] {
    const first = this.parts.findIndex((part) => part.end > begin);
    let behind = first;
    while (this.parts[behind] !== undefined && this.parts[behind]!.begin < end) behind++;
    return [first, behind];
  }

  encode(): Uint8Array {
    const bytes: number[] = [];
    let before = 0;
    for (const [index, symbol] of this.symbols.entries()) {
      pushVarint(bytes, symbol - before);
      pushVarint(bytes, this.begins[index + 1]! - this.begins[index]!);
      before = symbol;
    }
    return Uint8Array.from(bytes);
  }

  static decode(bytes: Uint8Array): Directory {
    const counts: [number, number][] = [];
    const reader = { at: 0 };
    for (let symbol = 0; reader.at < bytes.length;) {
      symbol += readVarint(bytes, reader);
      counts.push([symbol, readVarint(bytes, reader)]);
    }
    return new Directory(counts);
  }
}

function partsOf(begins: Uint32Array): Part[] {
  const parts: Part[] = [];
  const last = begins.length - 1;
  for (let symbol = 0; symbol < last;) {
    const first = symbol;
    const begin = begins[symbol++]!;
    while (symbol < last && begins[symbol + 1]! - begin <= SHARED_TICKS_MAX) symbol++;
    const end = begins[symbol]!;
    for (let at = begin; at < end; at += CHUNK_TICKS_MAX) {
      parts.push({ begin: at, end: Math.min(end, at + CHUNK_TICKS_MAX), symbol: first });
    }
  }
  return parts;
}
