import { Lru } from "../core/lru.ts";
import { TickColumns } from "../core/tick_columns.ts";
import { Damage } from "../store/checksum.ts";
import type { BlockRow, BlockTable } from "./block_table.ts";
import { type Chunk, decodeChunk } from "./chunk.ts";
import { Directory } from "./directory.ts";
import { Runs } from "./runs.ts";
import {
  ChunkView,
  ColumnsView,
  type Effort,
  type Names,
  NO_TICKS,
  type Segment,
  type View,
} from "./segment.ts";

/** The fixed cost of reading a part, in addition to its ticks. */
const PART_EFFORT = 50;

interface Contents {
  readonly runs: Runs;
  readonly directory: Directory;
}

/** Caches of data that were read from blocks. The limits are in bytes. */
export class BlockCache {
  readonly contents = new Lru<Contents>(16e6);
  readonly parts = new Lru<Chunk>(24e6);
  readonly wholes = new Lru<TickColumns>(24e6);
  /** The ticks of a symbol that has several parts in a block. */
  readonly joined = new Lru<Chunk>(24e6);
}

/** A block of ticks in the file. */
export class SealedBlock implements Segment {
  readonly row: BlockRow;
  readonly #table: BlockTable;
  readonly #cache: BlockCache;
  readonly #names: Names;

  constructor(row: BlockRow, table: BlockTable, cache: BlockCache, names: Names) {
    this.row = row;
    this.#table = table;
    this.#cache = cache;
    this.#names = names;
  }

  get after(): number {
    return this.row.after;
  }

  get last(): number {
    return this.row.last;
  }

  get count(): number {
    return this.row.count;
  }

  get oldest(): number {
    return this.row.oldest;
  }

  get newest(): number {
    return this.row.newest;
  }

  get appended(): number {
    return this.row.appended;
  }

  runs(): Runs {
    return this.#contents().runs;
  }

  get partCount(): number {
    return this.#contents().directory.parts.length;
  }

  /** Bytes of its data in the file, without the overhead of the database. */
  get bytes(): number {
    const { runs, symbols } = this.#table.details(this.row);
    return this.#table.parts(this.row.id, 0, this.partCount)
      .reduce((sum, { length }) => sum + length, runs.length + symbols.length);
  }

  /** @throws {Damage} */
  countOf(symbols: readonly number[] | undefined): number {
    if (symbols === undefined) return this.count;
    const { directory } = this.#contents();
    return symbols.reduce((sum, symbol) => sum + directory.countOf(symbol), 0);
  }

  /** @throws {Damage} */
  view(symbol: number | undefined, effort: Effort): View {
    const contents = this.#contents();
    const { runs, directory } = contents;
    if (symbol === undefined) {
      return new ColumnsView(this.#whole(contents, effort), runs, this.#names);
    }
    const index = directory.indexOf(symbol);
    if (index < 0) return NO_TICKS;
    return new ChunkView(symbol, this.#names(symbol), this.#ticksOf(contents, index, effort), runs);
  }

  /** The ticks of the symbol at an index of the directory. */
  #ticksOf(contents: Contents, index: number, effort: Effort): Chunk {
    const { directory } = contents;
    const [begin, end] = [directory.begins[index]!, directory.begins[index + 1]!];
    const [first, behind] = directory.partsBetween(begin, end);
    const name = `${this.row.id}/${index}`;
    const known = behind - first > 1 ? this.#cache.joined.get(name) : undefined;
    if (known !== undefined) return known;
    const pieces: Chunk[] = [];
    for (let part = first; part < behind; part++) {
      const { begin: from, symbol: shared } = directory.parts[part]!;
      const chunk = this.#part(contents, part, effort);
      const piece = slice(chunk, Math.max(begin, from) - from, end - from);
      pieces.push(shift(piece, (index - shared) * this.count));
    }
    if (pieces.length === 1) return pieces[0]!;
    const all = joined(pieces);
    this.#cache.joined.set(name, all, 44 * all.places.length);
    return all;
  }

  #contents(): Contents {
    const name = String(this.row.id);
    let found = this.#cache.contents.get(name);
    if (found === undefined) {
      const { runs, symbols } = this.#table.details(this.row);
      found = { runs: Runs.decode(runs), directory: Directory.decode(symbols) };
      if (found.directory.count !== this.count) throw new Damage(`block ${name} misses symbols`);
      const weight = 16 * found.directory.symbols.length + 4 * runs.length;
      this.#cache.contents.set(name, found, weight);
    }
    return found;
  }

  #part({ directory }: Contents, part: number, effort: Effort): Chunk {
    const name = `${this.row.id}/${part}`;
    const found = this.#cache.parts.get(name);
    if (found !== undefined) return found;
    const [body] = this.#table.parts(this.row.id, part, part + 1);
    const chunk = this.#decode(directory, part, body!);
    this.#cache.parts.set(name, chunk, 44 * chunk.places.length);
    effort.spent += PART_EFFORT + chunk.places.length;
    return chunk;
  }

  /** All ticks in tape order. */
  #whole({ directory }: Contents, effort: Effort): TickColumns {
    const { id, count } = this.row;
    const found = this.#cache.wholes.get(String(id));
    if (found !== undefined) return found;
    const columns = new TickColumns(count, count);
    const bodies = this.#table.parts(id, 0, directory.parts.length);
    bodies.forEach((body, part) => {
      const chunk = this.#decode(directory, part, body);
      const { begin, symbol } = directory.parts[part]!;
      scatter(chunk, columns, directory, begin, symbol);
    });
    this.#cache.wholes.set(String(id), columns, 44 * count);
    effort.spent += count;
    return columns;
  }

  #decode({ parts }: Directory, part: number, body: Uint8Array): Chunk {
    const { begin, end } = parts[part]!;
    try {
      return decodeChunk(body, end - begin);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new Damage(`part ${part} of block ${this.row.id}: ${reason}`, { cause });
    }
  }
}

/**
 * The place of a tick in a part. In a part of several symbols, each symbol adds the tick count of
 * the block to the places of the next symbols, so that the places grow.
 * @param symbols number of symbols before its symbol in the part
 * @param count number of ticks in the block
 */
export function placeInPart(place: number, symbols: number, count: number): number {
  return place + symbols * count;
}

/** Puts the ticks of a part at their places. @param begin of the part @param first its `symbol` */
function scatter(
  { places, times, prices, sizes, bids, asks }: Chunk,
  columns: TickColumns,
  { symbols, begins, count }: Directory,
  begin: number,
  first: number,
): void {
  let index = first;
  for (let at = 0; at < places.length; at++) {
    while (begin + at >= begins[index + 1]!) index++;
    const place = places[at]! - (index - first) * count;
    columns.symbols[place] = symbols[index]!;
    columns.times[place] = times[at]!;
    columns.prices[place] = prices[at]!;
    columns.sizes[place] = sizes[at]!;
    columns.bids[place] = bids[at]!;
    columns.asks[place] = asks[at]!;
  }
}

function slice(
  { places, times, prices, sizes, bids, asks }: Chunk,
  from: number,
  to: number,
): Chunk {
  return {
    places: places.subarray(from, to),
    times: times.subarray(from, to),
    prices: prices.subarray(from, to),
    sizes: sizes.subarray(from, to),
    bids: bids.subarray(from, to),
    asks: asks.subarray(from, to),
  };
}

/** The same ticks with smaller places. */
function shift(chunk: Chunk, by: number): Chunk {
  return by === 0 ? chunk : { ...chunk, places: chunk.places.map((place) => place - by) };
}

function joined(chunks: readonly Chunk[]): Chunk {
  const count = chunks.reduce((sum, { places }) => sum + places.length, 0);
  const numbers = (name: Exclude<keyof Chunk, "places">) => {
    const all = new Float64Array(count);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk[name], at);
      at += chunk[name].length;
    }
    return all;
  };
  const places = new Uint32Array(count);
  let at = 0;
  for (const chunk of chunks) {
    places.set(chunk.places, at);
    at += chunk.places.length;
  }
  return {
    places,
    times: numbers("times"),
    prices: numbers("prices"),
    sizes: numbers("sizes"),
    bids: numbers("bids"),
    asks: numbers("asks"),
  };
}
