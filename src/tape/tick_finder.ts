import type { Corrections } from "./corrections.ts";
import { type Found, type FoundColumns, FoundCount, FoundTicks } from "./found.ts";
import { type Reached, readFirst, readLast } from "./reading.ts";
import type { Segments } from "./segments.ts";
import type { SymbolTable } from "./symbol_table.ts";
import type { Count, Slice, TapeReader, TickQuery } from "./tape.ts";

/** The ticks, and the corrections that cancel some of them. */
export interface TickSources {
  readonly segments: Segments;
  readonly symbols: SymbolTable;
  readonly corrections: Corrections;
}

/** Answers queries for ticks from the segments of a tape. */
export class TickFinder
  implements Pick<TapeReader, "first" | "last" | "columns" | "countFirst" | "countLast"> {
  readonly #segments: Segments;
  readonly #symbols: SymbolTable;
  readonly #corrections: Corrections;
  readonly #tail: () => number;

  /** @param tail ticks up to this seq are no longer read */
  constructor(
    { segments, symbols, corrections }: TickSources,
    tail: () => number,
  ) {
    this.#segments = segments;
    this.#symbols = symbols;
    this.#corrections = corrections;
    this.#tail = tail;
  }

  first(query: TickQuery): Slice {
    const found = new FoundTicks(query.limit);
    return { ...this.#find(readFirst, query, found), ticks: found.ticks };
  }

  last(query: TickQuery): Slice {
    const found = new FoundTicks(query.limit);
    return { ...this.#find(readLast, query, found), ticks: found.ticks.reverse() };
  }

  columns(query: TickQuery, into: FoundColumns): number {
    into.begin(query.limit);
    return this.#find(readFirst, query, into).seq;
  }

  countFirst(query: TickQuery): Count {
    const found = new FoundCount(query.limit);
    return { ...this.#find(readFirst, query, found), count: found.count };
  }

  countLast(query: TickQuery): Count {
    const found = new FoundCount(query.limit);
    return { ...this.#find(readLast, query, found), count: found.count };
  }

  #find(
    find: typeof readFirst,
    { symbols, after, through, from, to, asOf }: TickQuery,
    found: Found,
  ): Reached {
    const range = {
      symbols: symbols && [...symbols].flatMap((symbol) => this.#symbols.find(symbol) ?? []),
      after: Math.max(after ?? 0, this.#tail()),
      through: Math.min(through ?? Infinity, this.#segments.last),
      from: from ?? -Infinity,
      to: to ?? Infinity,
      cancelled: this.#corrections.cancelled,
      asOf: asOf ?? Infinity,
    };
    return find(this.#segments.all, range, found);
  }
}
