import type { ClosedBar, Market } from "../core/market.ts";
import { startOf } from "../core/interval.ts";
import type { TapedTick } from "../core/tick.ts";
import { type Pending, PendingAll, PendingLatest } from "./pending.ts";
import type { Format, Fragment, Item, Subscription } from "./wire.ts";

/** A session as its cohort sees it. */
export interface Member {
  /** Whether so much is unsent that nothing may be added. */
  readonly full: boolean;
  send(text: string): void;
  /** The member cannot be served without a loss. */
  tooSlow(): void;
}

/** Texts of items that several cohorts send, each made once per format and flush. */
export class Fragments {
  readonly #byFormat = new Map<Format, Map<Item, Fragment>>();

  of(subscription: Subscription, item: Item): Fragment {
    const { format, channel } = subscription;
    let made = this.#byFormat.get(format);
    if (made === undefined) this.#byFormat.set(format, made = new Map());
    let fragment = made.get(item);
    if (fragment === undefined) {
      fragment = { symbol: item.symbol, text: format.fragment(channel, item) };
      made.set(item, fragment);
    }
    return fragment;
  }

  clear(): void {
    for (const made of this.#byFormat.values()) if (made.size > 0) made.clear();
  }
}

/** What somebody has received: the seq of the last frame, updates and symbols by number. */
interface Reader {
  seq: number;
  updates: number;
  symbols: number;
  /** No frame before this time. */
  dueAt: number;
}

/** A lossless frame holds no more rows; when so many wait, it is sent before it is due. */
export const ROWS_MAX = 8_192;

type Update = () => Item | undefined;

/**
 * The sessions with equal subscription. They share one reading place, so a frame is assembled once and
 * the same text is sent to all. A session that has just joined, or whose socket is full, has a reading
 * place of its own until a frame brings both to the same seq.
 */
export class Cohort {
  readonly sub: string;
  readonly key: string;
  readonly subscription: Subscription;
  readonly #market: Market;
  readonly #members = new Set<Member>();
  readonly #apart = new Map<Member, Reader>();
  readonly #symbols: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #pending: Pending<Update>;
  /** Start of the newest bar of each symbol, on a bar channel. */
  readonly #newestBars = new Map<string, number>();
  readonly #shared: Reader;
  #seq: number;

  constructor(sub: string, key: string, subscription: Subscription, market: Market) {
    this.sub = sub;
    this.key = key;
    this.subscription = subscription;
    this.#market = market;
    this.#pending = subscription.mode === "all" ? new PendingAll() : new PendingLatest();
    this.#seq = market.seq;
    this.#shared = { seq: market.seq, updates: 0, symbols: 0, dueAt: -Infinity };
  }

  get symbols(): readonly string[] {
    return this.#symbols;
  }

  get size(): number {
    return this.#members.size + this.#apart.size;
  }

  /** Whether updates may wait for a slow member without bound, unless a bound is set: closed bars are never left out. */
  get #lossless(): boolean {
    return this.subscription.mode === "all" || this.subscription.channel.kind === "bar";
  }

  /** A symbol that the subscription matches has become known. */
  attach(symbol: string): void {
    if (this.#numbers.has(symbol)) return;
    this.#numbers.set(symbol, this.#symbols.length);
    this.#symbols.push(symbol);
    const { channel } = this.subscription;
    if (channel.kind !== "bar") return;
    const newest = this.#market.newestBar(symbol, channel.interval);
    if (newest !== undefined) this.#newestBars.set(symbol, newest.time);
  }

  /** Adds a member that has just been given the state at the market's seq. */
  join(member: Member, now: number): void {
    if (this.subscription.format.whole) {
      if (this.size === 0) this.#shared.dueAt = now + this.subscription.every;
      this.#members.add(member);
      return;
    }
    const spaced = this.subscription.mode === "latest";
    this.#apart.set(member, {
      seq: this.#market.seq,
      updates: this.#pending.count,
      symbols: this.#symbols.length,
      dueAt: spaced ? now + this.subscription.every : now,
    });
  }

  leave(member: Member): void {
    this.#members.delete(member);
    if (this.#apart.delete(member)) this.#forget();
  }

  /** Takes note of a tick that the market has just applied. */
  add(tick: TapedTick): void {
    const { channel, mode, format } = this.subscription;
    this.#seq = tick.seq;
    if (format.whole) return;
    const { symbol } = tick;
    if (channel.kind === "tick") {
      this.#pending.add(symbol, () => tick);
    } else if (channel.kind === "bar") {
      const time = startOf(channel.interval, tick.time);
      const newest = this.#newestBars.get(symbol);
      if (newest === undefined || time > newest) {
        if (newest !== undefined) this.#addBar(symbol, newest);
        this.#newestBars.set(symbol, time);
      }
      this.#addBar(symbol, time);
    } else if (mode === "latest") {
      this.#pending.add(symbol, () => this.#market.board.row(symbol));
    } else {
      const row = this.#market.board.row(symbol);
      this.#pending.add(symbol, () => row);
    }
  }

  /** Takes note of a bar that the clock has closed. */
  addClosed({ symbol, time }: ClosedBar): void {
    this.#seq = this.#market.seq;
    // The next tick need not close it once more.
    this.#newestBars.delete(symbol);
    this.#addBar(symbol, time);
  }

  #addBar(symbol: string, time: number): void {
    const { channel } = this.subscription;
    if (channel.kind !== "bar") return;
    const { interval } = channel;
    this.#pending.add(`${symbol} ${time}`, () => this.#market.bar(symbol, interval, time));
  }

  /**
   * Sends what is due.
   * @returns when to call again; `undefined` when nothing is owed to anybody
   */
  flush(now: number, fragments: Fragments): number | undefined {
    const overfull = this.#lossless && this.#pending.size >= ROWS_MAX;
    if (now < this.#shared.dueAt && !overfull) return this.#shared.dueAt;
    this.#serveMembers(fragments);
    this.#shared.dueAt = now + this.subscription.every;
    if (this.#apart.size > 0) this.#serveApart(now, overfull, fragments);
    this.#forget();
    return this.#owes() ? this.#shared.dueAt : undefined;
  }

  #serveMembers(fragments: Fragments): void {
    const { whole } = this.subscription.format;
    const shared = { ...this.#shared };
    if (!whole && shared.updates === this.#pending.count) return;
    const texts = this.#members.size > 0 ? this.#texts(shared, fragments) : [];
    for (const member of this.#members) {
      if (!member.full) {
        for (const text of texts) member.send(text);
      } else if (!whole) {
        this.#members.delete(member);
        this.#apart.set(member, { ...shared });
      }
    }
    this.#catchUp(this.#shared);
  }

  #serveApart(now: number, overfull: boolean, fragments: Fragments): void {
    const made = new Map<string, readonly string[]>();
    for (const [member, reader] of this.#apart) {
      if (member.full) {
        if (overfull) member.tooSlow();
        continue;
      }
      const owed = reader.updates < this.#pending.count;
      if (!owed || (now < reader.dueAt && !overfull)) continue;
      const key = `${reader.seq} ${reader.updates} ${reader.symbols}`;
      let texts = made.get(key);
      if (texts === undefined) made.set(key, texts = this.#texts(reader, fragments));
      for (const text of texts) member.send(text);
      // Now it knows as much as the members do.
      this.#apart.delete(member);
      this.#members.add(member);
    }
  }

  #catchUp(reader: Reader): void {
    reader.seq = this.#seq;
    reader.updates = this.#pending.count;
    reader.symbols = this.#symbols.length;
  }

  #texts(reader: Reader, fragments: Fragments): readonly string[] {
    const { subscription, sub } = this;
    const { format } = subscription;
    const items = format.whole
      ? this.#wholeBoard()
      : this.#pending.since(reader.updates).map((u) => u());
    const frame = {
      sub,
      prev: reader.seq,
      seq: this.#seq,
      merged: 0,
      fragments: [] as Fragment[],
      indexOf: (symbol: string) => this.#numbers.get(symbol)!,
    };
    for (const item of items) {
      if (item !== undefined) frame.fragments.push(fragments.of(subscription, item));
    }
    if (!format.whole) frame.merged = this.#pending.count - reader.updates - items.length;
    const texts = format.frame(frame);
    if (reader.symbols === this.#symbols.length) return texts;
    const announced = format.announce(sub, this.#symbols.slice(reader.symbols));
    return announced === undefined ? texts : [announced, ...texts];
  }

  /** Every row there is, by symbol. */
  #wholeBoard(): Item[] {
    const { board } = this.#market;
    return this.#symbols.filter((symbol) => board.has(symbol)).sort().map((symbol) =>
      board.row(symbol)
    );
  }

  #forget(): void {
    let known = this.#shared.updates;
    for (const { updates } of this.#apart.values()) known = Math.min(known, updates);
    this.#pending.forget(known);
  }

  #owes(): boolean {
    if (this.subscription.format.whole) return this.#members.size > 0;
    for (const { updates } of this.#apart.values()) if (updates < this.#pending.count) return true;
    return false;
  }
}
