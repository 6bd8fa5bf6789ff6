import type { BlockRow, BlockTable } from "./block_table.ts";
import { encodeChunk } from "./chunk.ts";
import { Directory } from "./directory.ts";
import type { MemoryBlock } from "./memory_block.ts";
import { placeInPart } from "./sealed_block.ts";

/** About the number of ticks that one step writes; live traffic waits for it. */
const SLICE_TICKS = 12_000;

/** Writes a block to the file, some parts per step. The block is valid once its row is written. */
export class Sealing {
  readonly block: MemoryBlock;
  readonly id: number;
  readonly #table: BlockTable;
  readonly #directory: Directory;
  /** The places of all ticks in the order of their parts: by symbol. */
  readonly #at: Uint32Array;
  #next = 0;

  constructor(block: MemoryBlock, id: number, table: BlockTable) {
    this.block = block;
    this.id = id;
    this.#table = table;
    const symbols = block.symbols();
    this.#directory = new Directory(symbols.map(([symbol, { length }]) => [symbol, length]));
    this.#at = new Uint32Array(block.count);
    symbols.forEach(([, places], index) => this.#at.set(places, this.#directory.begins[index]!));
  }

  /** Writes some parts, and after the last part the row. @returns the row once it is written */
  step(): BlockRow | undefined {
    const { parts } = this.#directory;
    for (let left = SLICE_TICKS; left > 0 && this.#next < parts.length; this.#next++) {
      this.#table.putPart(this.id, this.#next, this.#encode(this.#next));
      left -= parts[this.#next]!.end - parts[this.#next]!.begin;
    }
    if (this.#next < parts.length) return undefined;
    const { after, last, count, oldest, newest, appended } = this.block;
    const row = { id: this.id, after, last, count, oldest, newest, appended };
    const details = { runs: this.block.runs().encode(), symbols: this.#directory.encode() };
    this.#table.put(row, details);
    return row;
  }

  #encode(number: number): Uint8Array {
    const { begin, end, symbol: first } = this.#directory.parts[number]!;
    const at = this.#at.subarray(begin, end);
    if (this.#directory.begins[first + 1]! >= end) return encodeChunk(this.block.columns, at);
    const places = new Uint32Array(at.length);
    let index = first;
    for (let tick = 0; tick < at.length; tick++) {
      while (begin + tick >= this.#directory.begins[index + 1]!) index++;
      places[tick] = placeInPart(at[tick]!, index - first, this.block.count);
    }
    return encodeChunk(this.block.columns, at, places);
  }
}
