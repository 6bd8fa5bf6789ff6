import type { Row } from "../core/board.ts";
import type { ChangedBar } from "../core/given_bars.ts";
import { isWhole, type TapedCorrection } from "../core/correction.ts";
import type { Interval } from "../core/interval.ts";
import type { ClosedBar } from "../core/market.ts";
import type { TapedTick } from "../core/tick.ts";
import { ChangeFilter } from "./change_filter.ts";
import type { FragmentCache } from "./fragment_cache.ts";
import { NewestBars } from "./newest_bars.ts";
import { SymbolNumbers } from "./symbol_numbers.ts";
import { type Pending, PendingAll, PendingLatest } from "./pending.ts";
import type { Place, Reader } from "./reader.ts";
import { boardOf, type MarketView } from "./market_view.ts";
import type { EncodedFrame } from "./traffic.ts";
import { makeTexts } from "./frame_texts.ts";
import { PendingCorrections } from "./pending_corrections.ts";
import type { Item, Subscription } from "./wire.ts";

/** A session as its cohort sees it. */
export interface Member {
  /** Whether it has too many unsent bytes to take more. */
  readonly full: boolean;
  send(text: string): void;
  /** The member is too slow for the cohort and has to read the tape itself, from its place on. */
  fellBehind(cohort: Cohort): void;
}

/** Most rows in a lossless frame. With that many pending, it is sent before it is due. */
export const ROWS_MAX = 8_192;

type Update = () => Item | undefined;

/**
 * The sessions with equal subscriptions. They share one reader, so a frame is made once and all get
 * the same text. A session that has just joined, or whose socket is full, has its own reader until
 * one frame brings it to the seq of the others.
 */
export class Cohort {
  readonly sub: string;
  readonly key: string;
  readonly subscription: Subscription;
  readonly changeFilter: ChangeFilter;
  readonly symbolNumbers: SymbolNumbers;
  readonly #market: MarketView;
  readonly #members = new Set<Member>();
  readonly #apart = new Map<Member, Reader>();
  /** Members that read the tape themselves and will join again. */
  readonly #behind = new Set<Member>();
  readonly #symbols = new Set<string>();
  readonly symbols: ReadonlySet<string> = this.#symbols;
  readonly #pending: Pending<Update>;
  /** Only on a bar channel. */
  readonly #newestBars: NewestBars | undefined;
  readonly #shared: Reader;
  /** The rows that the members have; only for formats that send the changes of a row. */
  readonly #known: Map<string, Row> | undefined;
  readonly #pendingCorrections = new PendingCorrections();
  /** `seq` of the newest update. */
  seq: number;
  /** Number of members that the last flush sent a frame to. */
  served = 0;

  /** @param symbolNumbers shared with the cohort that the members join later */
  constructor(
    sub: string,
    key: string,
    subscription: Subscription,
    market: MarketView,
    symbolNumbers = new SymbolNumbers(),
  ) {
    this.sub = sub;
    this.symbolNumbers = symbolNumbers;
    this.key = key;
    this.subscription = subscription;
    this.#market = market;
    this.#pending = subscription.mode === "all" ? new PendingAll() : new PendingLatest();
    this.changeFilter = new ChangeFilter(subscription, market);
    this.seq = market.seq;
    this.#shared = { seq: market.seq, updates: 0, symbols: 0, told: 0, dueAt: -Infinity };
    const { channel, format } = subscription;
    if (channel.kind === "bar") this.#newestBars = new NewestBars(channel.interval, market);
    if (channel.kind === "quote" && format.change !== undefined) this.#known = new Map();
  }

  get size(): number {
    return this.#members.size + this.#apart.size + this.#behind.size;
  }

  /** Whether a slow member lets pending updates grow without limit. Closed bars are all kept. */
  get #lossless(): boolean {
    return this.subscription.mode === "all" || this.subscription.channel.kind === "bar";
  }

  /** The interval of a bar channel. */
  get interval(): Interval | undefined {
    return this.#newestBars?.interval;
  }

  /** Adds a symbol that the subscription matches. */
  attach(symbol: string): void {
    if (this.#symbols.has(symbol)) return;
    this.#symbols.add(symbol);
    this.symbolNumbers.add(symbol);
    this.#newestBars?.look(symbol);
  }

  /** Whether a member has not received all updates. */
  get owes(): boolean {
    return this.#shared.updates < this.#pending.count || this.#owes();
  }

  /**
   * Adds a member that has just received the state at the market's seq.
   * @param place of a member that has read the tape until now
   */
  join(member: Member, now: number, place?: Place): void {
    this.#behind.delete(member);
    // A member without a snapshot may have other rows than those noted here.
    if (place !== undefined) this.#known?.clear();
    if (this.subscription.format.whole) {
      if (this.size === 0) this.#shared.dueAt = now + this.subscription.every;
      this.#members.add(member);
      return;
    }
    const spaced = this.subscription.mode === "latest";
    this.#apart.set(member, {
      updates: this.#pending.count,
      ...place ?? { seq: this.#market.seq, symbols: this.symbolNumbers.symbols.length, told: 0 },
      dueAt: spaced ? now + this.subscription.every : -Infinity,
    });
  }

  /** Sets the seq to start after; call it before anything is added. */
  startAt(seq: number): void {
    this.seq = this.#shared.seq = seq;
  }

  placeOf(member: Member): Place {
    const { seq, symbols, told } = this.#apart.get(member) ?? this.#shared;
    return { seq, symbols, told };
  }

  leave(member: Member): void {
    this.#members.delete(member);
    this.#behind.delete(member);
    if (this.#apart.delete(member)) this.#forget();
  }

  /** Releases a member that reads the tape itself until it joins again. */
  letBehind(member: Member): void {
    this.leave(member);
    this.#behind.add(member);
  }

  /** Adds a tick that the market has just applied. */
  add(tick: TapedTick): void {
    const { channel, format } = this.subscription;
    this.seq = tick.seq;
    if (format.whole) return;
    if (channel.kind === "tick") this.#pending.add(tick.symbol, () => tick);
    else if (this.#newestBars !== undefined) {
      for (const time of this.#newestBars.add(tick)) this.#addBar(tick.symbol, time);
    } else this.#addRow(tick.symbol);
  }

  /** Adds bars of a symbol that changed because bars were imported. */
  addGiven(symbol: string, changed: readonly ChangedBar[]): void {
    const { channel, format } = this.subscription;
    this.seq = this.#market.seq;
    if (format.whole) return;
    if (channel.kind === "quote") this.#addRow(symbol);
    const own = changed.filter(({ interval }) => interval === this.#newestBars?.interval);
    for (const time of own.flatMap((bar) => this.#newestBars!.add(bar))) this.#addBar(symbol, time);
  }

  #addRow(symbol: string): void {
    const update = () => this.#market.board.row(symbol);
    if (this.subscription.mode === "all") this.#addAsIs(update());
    else if (this.changeFilter.counts(symbol, update)) this.#pending.add(symbol, update);
  }

  #addAsIs(row: Row): void {
    this.#pending.add(row.symbol, () => row);
  }

  /** Adds the quote of a symbol whose reference data has changed. */
  refresh(symbol: string): void {
    const { channel, format } = this.subscription;
    if (channel.kind !== "quote" || format.whole || !this.#market.board.has(symbol)) return;
    this.#addAsIs(this.#market.board.row(symbol));
  }

  /**
   * Adds a correction that has just taken effect.
   * @param times starts of the bars that it changed, on a bar channel
   */
  correct(correction: TapedCorrection, times: Iterable<number>): void {
    const { channel, format } = this.subscription;
    if (format.whole) return;
    const { symbol, seq } = correction;
    // A format that announces removed symbols needs no empty row for them.
    if (channel.kind === "quote" && !(isWhole(correction) && format.correct !== undefined)) {
      this.#pending.add(symbol, () => this.#market.board.row(symbol));
    }
    this.#newestBars?.look(symbol);
    for (const time of times) this.#addBar(symbol, time);
    if (format.correct === undefined) return;
    this.#pending.add(`correction ${seq}`, () => undefined);
    this.#pendingCorrections.add(this.#pending.count, correction);
  }

  /** Adds a bar that the clock has closed. */
  addClosed({ symbol, time }: ClosedBar): void {
    this.seq = this.#market.seq;
    this.#newestBars?.closed(symbol);
    this.#addBar(symbol, time);
  }

  #addBar(symbol: string, time: number): void {
    const { interval } = this;
    if (interval === undefined) return;
    const update = () => this.#market.bar(symbol, interval, time);
    if (this.changeFilter.counts(symbol, update)) this.#pending.add(`${symbol} ${time}`, update);
  }

  /**
   * Sends the frames that are due.
   * @returns when to call again; `undefined` when all members have everything
   */
  flush(now: number, fragments: FragmentCache): number | undefined {
    this.served = 0;
    const overfull = this.#lossless && this.#pending.size >= ROWS_MAX;
    if (now < this.#shared.dueAt && !overfull) return this.#shared.dueAt;
    this.#serveMembers(fragments);
    this.#shared.dueAt = now + this.subscription.every;
    if (this.#apart.size > 0) this.#serveApart(now, overfull, fragments);
    this.#forget();
    return this.#owes() ? this.#shared.dueAt : undefined;
  }

  #serveMembers(fragments: FragmentCache): void {
    const { whole } = this.subscription.format;
    const before = { ...this.#shared };
    if (!whole && before.updates === this.#pending.count) return;
    this.#catchUp(this.#shared);
    const made = this.#members.size > 0 ? this.#make(before, fragments, this.#known) : undefined;
    // No frame was made, so the noted rows are older than those of the next member.
    if (made === undefined) this.#known?.clear();
    for (const member of this.#members) {
      if (!member.full) {
        this.served++;
        for (const text of made!.texts) member.send(text);
      } else if (!whole) {
        this.#members.delete(member);
        this.#apart.set(member, { ...before });
      }
    }
    if (made !== undefined) fragments.sent.add(made, this.served);
  }

  #serveApart(now: number, overfull: boolean, fragments: FragmentCache): void {
    const known = new Map<string, EncodedFrame>();
    for (const [member, reader] of this.#apart) {
      if (member.full) {
        if (overfull) member.fellBehind(this);
        continue;
      }
      const owed = reader.updates < this.#pending.count;
      if (!owed || (now < reader.dueAt && !overfull)) continue;
      const key = `${reader.seq} ${reader.updates} ${reader.symbols}`;
      const made = known.get(key) ?? this.#make(reader, fragments);
      known.set(key, made);
      this.served++;
      fragments.sent.add(made, 1);
      // The frame brings it to the members' place. It moves first: a failing send makes it leave.
      this.#apart.delete(member);
      this.#members.add(member);
      for (const text of made.texts) member.send(text);
    }
  }

  #catchUp(reader: Reader): void {
    reader.seq = this.seq;
    reader.updates = this.#pending.count;
    reader.symbols = this.symbolNumbers.symbols.length;
    reader.told = this.#pendingCorrections.last ?? reader.told;
  }

  /** @param known rows that the reader has; updated to those that it has after this frame */
  #make(reader: Reader, fragments: FragmentCache, known?: Map<string, Row>): EncodedFrame {
    const { whole } = this.subscription.format;
    const items = whole
      ? boardOf(this.#market, this.#symbols)
      : this.#pending.since(reader.updates).map((update) => update());
    const content = {
      items,
      corrections: this.#pendingCorrections.since(reader.updates),
      merged: whole ? 0 : this.#pending.count - reader.updates - items.length,
      // Symbols without an update are announced later with their first one, as for the members.
      symbols: this.symbolNumbers.symbols.slice(reader.symbols, this.#shared.symbols),
    };
    const span = { prev: reader.seq, seq: this.seq };
    return makeTexts(this, { ...span, ...content }, { view: this.#market, fragments, known });
  }

  #forget(): void {
    let known = this.#shared.updates;
    for (const { updates } of this.#apart.values()) known = Math.min(known, updates);
    this.#pending.forget(known);
    this.#pendingCorrections.forget(known);
  }

  #owes(): boolean {
    if (this.subscription.format.whole) return this.#members.size > 0;
    for (const { updates } of this.#apart.values()) if (updates < this.#pending.count) return true;
    return false;
  }
}
