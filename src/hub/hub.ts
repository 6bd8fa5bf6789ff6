import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import type { ClosedBar, Market } from "../core/market.ts";
import type { TapedTick } from "../core/tick.ts";
import { formatPosition } from "../tape/tape.ts";
import { ClientError } from "./client_error.ts";
import { Cohort, Fragments, type Member } from "./cohort.ts";
import type { Limits } from "./limits.ts";
import { type ChooseWire, type Desk, Session, type Snapshot } from "./session.ts";
import { CloseCode, type Socket } from "./socket.ts";
import { channelName } from "./topic.ts";
import type { RequestId, Subscription, Wire } from "./wire.ts";

export interface HubOptions {
  readonly market: Market;
  /** Name of the tape's numbering. */
  readonly epoch: string;
  readonly limits: Limits;
  readonly now: () => number;
}

/** Who wants what, and fan-out. It has no timer: `flush` and `tend` are called from outside. */
export class Hub implements Desk {
  readonly limits: Limits;
  readonly now: () => number;
  readonly #market: Market;
  readonly #epoch: string;
  readonly #sessions = new Set<Session>();
  readonly #cohorts = new Map<string, Cohort>();
  /** The cohorts that want a symbol; an entry for every symbol known. */
  readonly #watchers = new Map<string, Set<Cohort>>();
  /** Cohorts to which something may be owed. */
  readonly #dirty = new Set<Cohort>();
  readonly #fragments = new Fragments();
  #subCount = 0;

  constructor({ market, epoch, limits, now }: HubOptions) {
    this.#market = market;
    this.#epoch = epoch;
    this.limits = limits;
    this.now = now;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get cohortCount(): number {
    return this.#cohorts.size;
  }

  /** Position of the newest tick that clients can have seen. */
  get position(): string {
    return formatPosition(this.#epoch, this.#market.seq);
  }

  /** Starts a session. Tell it what happens on its socket: `receive`, `receiveBinary`, `closed`. */
  open(socket: Socket, wire: Wire | ChooseWire): Session {
    const session = new Session(socket, this, wire);
    this.#sessions.add(session);
    if (this.#sessions.size > this.limits.sessionsMax) {
      session.close(CloseCode.tooMany, "The server has no room for more clients");
    }
    return session;
  }

  /** Tells everybody who wants it of a tick that the market has just applied. */
  publish(tick: TapedTick): void {
    for (const cohort of this.#watchers.get(tick.symbol) ?? this.#appear(tick.symbol)) {
      cohort.add(tick);
      this.#dirty.add(cohort);
    }
  }

  /** Tells of bars that the clock has closed. */
  publishClosed(bars: readonly ClosedBar[]): void {
    for (const bar of bars) {
      for (const cohort of this.#watchers.get(bar.symbol) ?? []) {
        const { channel } = cohort.subscription;
        if (channel.kind !== "bar" || channel.interval !== bar.interval) continue;
        cohort.addClosed(bar);
        this.#dirty.add(cohort);
      }
    }
  }

  /**
   * Sends every frame that is due.
   * @returns when the next one is due; `undefined` when nothing is owed to anybody
   */
  flush(now: number): number | undefined {
    let next: number | undefined;
    for (const cohort of this.#dirty) {
      const dueAt = cohort.flush(now, this.#fragments);
      if (dueAt === undefined) this.#dirty.delete(cohort);
      else next = Math.min(next ?? dueAt, dueAt);
    }
    this.#fragments.clear();
    return next;
  }

  /** Heartbeats, and an end for clients that have stopped reading. */
  tend(now: number): void {
    for (const session of this.#sessions) session.tend(now, this.#market.seq);
  }

  /** Tells every client when to come back. @param reconnectAfter milliseconds, asked for each client */
  drain(reconnectAfter: () => number): void {
    for (const session of this.#sessions) session.drain(reconnectAfter());
  }

  /** Closes the given share of the sessions, 1 being all of them. */
  closeSome(share: number): void {
    let count = Math.ceil(this.#sessions.size * share);
    for (const session of this.#sessions) {
      if (count-- <= 0) return;
      session.close(CloseCode.restart, "The server restarts");
    }
  }

  cohortOf(asked: Subscription, id?: RequestId): Cohort {
    const subscription = this.#grant(asked, id);
    const { selection, channel, mode, every, format } = subscription;
    const key = [channelName(channel), mode, every, format.name, selection.key].join(" ");
    let cohort = this.#cohorts.get(key);
    if (cohort !== undefined) return cohort;
    for (const symbol of this.#market.catalogue.symbols()) {
      if (!this.#watchers.has(symbol)) this.#appear(symbol);
    }
    cohort = new Cohort(`${channel.kind[0]}${++this.#subCount}`, key, subscription, this.#market);
    this.#cohorts.set(key, cohort);
    for (const symbol of selection.resolve(this.#market.catalogue).symbols) {
      this.#attach(cohort, symbol);
    }
    return cohort;
  }

  join(member: Member, cohort: Cohort): Snapshot {
    const { selection, channel, format } = cohort.subscription;
    cohort.join(member, this.now());
    if (format.whole) this.#dirty.add(cohort);
    const { symbols, unknown } = selection.resolve(this.#market.catalogue);
    const snapshot: (Row | Bar)[] = [];
    for (const symbol of symbols) {
      if (channel.kind !== "bar") {
        snapshot.push(this.#market.board.row(symbol));
        continue;
      }
      const bar = this.#market.newestBar(symbol, channel.interval);
      if (bar !== undefined) snapshot.push(bar);
    }
    return { position: this.position, symbols: cohort.symbols, unknown, snapshot };
  }

  leave(member: Member, cohort: Cohort): void {
    cohort.leave(member);
    if (cohort.size > 0) return;
    this.#cohorts.delete(cohort.key);
    this.#dirty.delete(cohort);
    for (const symbol of cohort.symbols) this.#watchers.get(symbol)?.delete(cohort);
  }

  left(session: Session): void {
    this.#sessions.delete(session);
  }

  /** What is really given of what was asked for. */
  #grant(asked: Subscription, id: RequestId | undefined): Subscription {
    const { patternsMax, everyMsMax, flushMs } = this.limits;
    const { patterns } = asked.selection;
    if (patterns.length > patternsMax) {
      throw new ClientError(
        "too_many_symbols",
        `Cannot subscribe to ${patterns.length} symbols at once: the limit is ${patternsMax}`,
        { id },
      );
    }
    if (asked.every > everyMsMax) {
      throw new ClientError(
        "bad_every",
        `Cannot subscribe with every ${asked.every}: the limit is ${everyMsMax} ms`,
        { id },
      );
    }
    return { ...asked, every: Math.max(asked.every, flushMs) };
  }

  #appear(symbol: string): Set<Cohort> {
    const watchers = new Set<Cohort>();
    this.#watchers.set(symbol, watchers);
    for (const cohort of this.#cohorts.values()) {
      if (cohort.subscription.selection.matches(symbol)) this.#attach(cohort, symbol);
    }
    return watchers;
  }

  #attach(cohort: Cohort, symbol: string): void {
    cohort.attach(symbol);
    this.#watchers.get(symbol)!.add(cohort);
  }
}
