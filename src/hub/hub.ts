import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import type { ChangedBar } from "../core/given_bars.ts";
import { isWhole, type TapedCorrection } from "../core/correction.ts";
import type { ClosedBar, Market } from "../core/market.ts";
import type { TapedTick } from "../core/tick.ts";
import { type Archive, formatPosition, type TapeReader } from "../tape/tape.ts";
import { TapeError } from "../store/tape_error.ts";
import type { Cohort, Member } from "./cohort.ts";
import { Cohorts } from "./cohorts.ts";
import { Cursor, type Follower } from "./cursor.ts";
import type { StartPosition } from "./start_position.ts";
import { FragmentCache } from "./fragment_cache.ts";
import { granted } from "./granted.ts";
import type { Limits } from "./limits.ts";
import type { Snapshot, SubscriptionHost } from "./subscription_host.ts";
import type { Knowledge, Place } from "./reader.ts";
import type { Sources } from "./replay.ts";
import type { FairQueue } from "./fair_queue.ts";
import { resolveStart } from "./start_position.ts";
import { liveView, type MarketView } from "./market_view.ts";
import type { Traffic } from "./traffic.ts";
import { type ChooseWire, Session } from "./session.ts";
import { ConnectionGrant } from "./connection_grant.ts";
import { CloseCode, type Socket } from "./socket.ts";
import type { Subscription, Wire } from "./wire.ts";

export interface HubOptions extends Pick<SubscriptionHost, "authorize"> {
  readonly market: Market;
  readonly tape: TapeReader & Archive;
  readonly limits: Limits;
  readonly queue: FairQueue;
  readonly now: () => number;
  /** Milliseconds by a monotonic clock, for due times and slow clients. */
  readonly elapsed: () => number;
  /** Called when `flush` has something to do. */
  readonly wake: () => void;
  /** How long to wait for a future position (0). Another replica may have reached it already. */
  readonly waitMs?: number | undefined;
}

/** Most effort of all cursors in one flush, roughly the number of ticks examined. */
export const EFFORT_PER_FLUSH = 40_000;
/** Most members that get a frame in one flush; the others follow in the next one. */
const SERVED_PER_FLUSH = 500;
/** Time to the next step of a cursor or check of a full socket, if `flushMs` is 0. */
const STEP_MS = 10;
/** The rest after a flush lets other work run: a share of the flush's time, up to a limit. */
const REST_SHARE = 1 / 4, REST_MS_MAX = 20;

/** Subscriptions and fan-out. The hub has no timer: its owner calls `flush` and `tend`. */
export class Hub implements SubscriptionHost {
  readonly limits: Limits;
  readonly queue: FairQueue;
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly wake: () => void;
  readonly authorize: HubOptions["authorize"];
  readonly #market: Market;
  readonly #sources: Sources;
  readonly #sessions = new Set<Session>();
  readonly #cohorts: Cohorts;
  /** Cohorts that may have something to send. */
  readonly #dirty = new Set<Cohort>();
  readonly #cursors = new Set<Cursor>();
  readonly #fragments = new FragmentCache();
  readonly #waitMs: number;
  #restUntil = -Infinity;

  constructor(options: HubOptions) {
    const { market, tape, limits, queue, now, elapsed, wake, authorize, waitMs = 0 } = options;
    this.#waitMs = waitMs;
    this.authorize = authorize;
    this.#market = market;
    this.#cohorts = new Cohorts(market, liveView(market, tape));
    this.#sources = { market, tape };
    this.wake = wake;
    this.limits = limits;
    this.queue = queue;
    this.now = now;
    this.elapsed = elapsed;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get cohortCount(): number {
    return this.#cohorts.size;
  }

  /** Counts of all frames sent. */
  get sent(): Traffic {
    return this.#fragments.sent;
  }

  /** Position of the newest tick that clients can have received. */
  get position(): string {
    return this.formatPosition(this.#market.seq);
  }

  /** Starts a session. The caller reports socket events: `receive`, `receiveBinary`, `closed`. */
  open(
    socket: Socket,
    wire: Wire | ChooseWire,
    connectionGrant: ConnectionGrant = new ConnectionGrant(),
  ): Session {
    const left = () => void this.#sessions.delete(session);
    const session: Session = new Session(socket, this, wire, connectionGrant, left);
    this.#sessions.add(session);
    if (this.#sessions.size > this.limits.sessionsMax) {
      session.close(CloseCode.tooMany, "The server has no room for more clients");
    }
    session.greet();
    return session;
  }

  /** Publishes a tick that the market has just applied. */
  publish(tick: TapedTick): void {
    for (const cohort of this.#cohorts.watching(tick.symbol)) {
      cohort.add(tick);
      this.#dirty.add(cohort);
    }
  }

  /** Publishes bars that an import changed, and their quotes, which contain the day's bar. */
  publishGiven(bars: readonly ChangedBar[]): void {
    for (const [symbol, changed] of Map.groupBy(bars, (bar) => bar.symbol)) {
      for (const cohort of this.#cohorts.watching(symbol)) {
        cohort.addGiven(symbol, changed);
        this.#dirty.add(cohort);
      }
    }
  }

  /** Publishes the quote of a symbol whose reference data has changed. */
  refresh(symbol: string): void {
    for (const cohort of this.#cohorts.watching(symbol)) {
      cohort.refresh(symbol);
      this.#dirty.add(cohort);
    }
    this.wake();
  }

  /** Publishes a correction that has just taken effect. @param bars that it changed */
  correct(correction: TapedCorrection, bars: readonly ClosedBar[]): void {
    for (const cohort of this.#cohorts.watching(correction.symbol)) {
      const own = bars.filter(({ interval }) => interval === cohort.interval);
      cohort.correct(correction, own.map(({ time }) => time));
      this.#dirty.add(cohort);
    }
    if (isWhole(correction)) this.#cohorts.forget(correction.symbol);
    for (const cursor of [...this.#cursors]) cursor.correct(correction);
    this.wake();
  }

  /** Publishes bars that the clock has closed. */
  publishClosed(bars: readonly ClosedBar[]): void {
    for (const bar of bars) {
      for (const cohort of this.#cohorts.watching(bar.symbol)) {
        const { channel } = cohort.subscription;
        if (channel.kind !== "bar" || channel.interval !== bar.interval) continue;
        cohort.addClosed(bar);
        this.#dirty.add(cohort);
      }
    }
  }

  /**
   * Sends the frames that are due.
   * @param counted the time when this flush was due; it may be some milliseconds ago
   * @returns when to call again; `undefined` when nothing is left to send
   */
  flush(counted: number): number | undefined {
    const now = this.elapsed();
    if (now < this.#restUntil) return this.#restUntil;
    const next = this.#serveCohorts(now, counted);
    const read = this.#stepCursors(now);
    this.#fragments.clear();
    const end = this.elapsed();
    this.#restUntil = end + Math.min((end - now) * REST_SHARE, REST_MS_MAX);
    const due = read === undefined || next === undefined ? read ?? next : Math.min(read, next);
    return due === undefined ? undefined : Math.max(due, this.#restUntil);
  }

  /** Cohorts take turns, so that all are served before one is served again. */
  #serveCohorts(now: number, counted: number): number | undefined {
    const { flushMs } = this.limits;
    let next: number | undefined;
    let left = SERVED_PER_FLUSH;
    for (const cohort of [...this.#dirty]) {
      if (left <= 0) return now;
      // After a late flush, only the server's own spacing is shortened, never one of a client.
      const isSpaced = cohort.subscription.every > flushMs;
      const dueAt = cohort.flush(isSpaced ? now : counted, this.#fragments);
      left -= cohort.served;
      this.#dirty.delete(cohort);
      if (dueAt === undefined) continue;
      this.#dirty.add(cohort);
      const againAt = cohort.subscription.every === 0 ? now + STEP_MS : dueAt;
      next = Math.min(next ?? againAt, againAt);
    }
    return next;
  }

  /** Cursors take turns, so that many clients that resume at once do not delay live frames. */
  #stepCursors(now: number): number | undefined {
    const soon = now + (this.limits.flushMs || STEP_MS);
    let next: number | undefined;
    let left = EFFORT_PER_FLUSH;
    for (const cursor of [...this.#cursors]) {
      if (left <= 0) return soon;
      const dueAt = this.#step(cursor, now);
      left -= cursor.effort;
      if (!this.#cursors.delete(cursor)) continue;
      this.#cursors.add(cursor);
      if (dueAt !== undefined) next = Math.min(next ?? Infinity, Math.max(dueAt, soon));
    }
    return next;
  }

  /** Where the tape cannot be read, the client that asked for it gets a gap and the reason. */
  #step(cursor: Cursor, now: number): number | undefined {
    try {
      return cursor.step(now, this.#fragments);
    } catch (error) {
      if (!(error instanceof TapeError)) throw error;
      cursor.fail(error.message);
      return undefined;
    }
  }

  /** Sends heartbeats and closes clients that have stopped reading. */
  tend(now: number): void {
    for (const session of this.#sessions) session.tend(now, this.#market.seq);
  }

  /** Tells every client when to reconnect. @param reconnectAfter gives milliseconds for a client */
  drain(reconnectAfter: () => number): void {
    for (const session of this.#sessions) session.drain(reconnectAfter());
  }

  /** Closes the given share of the sessions; 1 is all. */
  closeSome(share: number): void {
    let count = Math.ceil(this.#sessions.size * share);
    for (const session of this.#sessions) {
      if (count-- <= 0) return;
      session.close(CloseCode.restart, "The server restarts");
    }
  }

  cohortOf(asked: Subscription): Cohort {
    return this.#cohorts.of(granted(asked, this.limits, this.#market.catalogue));
  }

  find(asked: Subscription): string | undefined {
    return this.#cohorts.subOf(granted(asked, this.limits, this.#market.catalogue));
  }

  join(member: Member, cohort: Cohort, place?: Place): void {
    cohort.join(member, this.elapsed(), place);
    if (cohort.subscription.format.whole) this.#dirty.add(cohort);
  }

  snapshot({ subscription, symbolNumbers }: Cohort, view: MarketView = this.#market): Snapshot {
    const { selection, channel } = subscription;
    const { symbols, unknown } = selection.resolve(this.#market.catalogue);
    const snapshot: (Row | Bar)[] = [];
    for (const symbol of symbols) {
      if (channel.kind === "bar") {
        const bar = view.newestBar(symbol, channel.interval);
        if (bar !== undefined) snapshot.push(bar);
      } else if (view === this.#market || view.board.has(symbol)) {
        snapshot.push(view.board.row(symbol));
      }
    }
    return { position: this.position, symbols: symbolNumbers.symbols, unknown, snapshot };
  }

  leave(member: Member, cohort: Cohort): void {
    cohort.leave(member);
    if (cohort.size > 0) return;
    this.#cohorts.delete(cohort);
    this.#dirty.delete(cohort);
  }

  locate(from: string | number): StartPosition | string {
    const until = this.#waitMs === 0 ? undefined : this.elapsed() + this.#waitMs;
    return resolveStart(from, this.#sources.tape, this.now(), until);
  }

  follow(
    follower: Follower,
    cohort: Cohort,
    start: StartPosition,
    speed: number,
    { symbols, told }: Knowledge = {},
  ): Cursor {
    const cursor = new Cursor({ ...this.#sources, cohort, follower, start, speed, symbols, told });
    cohort.letBehind(follower);
    this.#cursors.add(cursor);
    return cursor;
  }

  unfollow(cursor: Cursor): void {
    this.#cursors.delete(cursor);
  }

  formatPosition(seq: number): string {
    return formatPosition(this.#sources.tape.epoch, seq);
  }
}
