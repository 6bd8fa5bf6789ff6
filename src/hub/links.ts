import { ClientError } from "./client_error.ts";
import type { Cohort } from "./cohort.ts";
import type { Cursor, Follower } from "./cursor.ts";
import type { Start } from "./start.ts";
import type { Grant } from "./grant.ts";
import type { Limits } from "./limits.ts";
import type { Place } from "./reader.ts";
import type { Rota } from "./rota.ts";
import type { Scene } from "./scene.ts";
import type {
  Message,
  RequestId,
  Subscribe,
  Subscribed,
  Subscription,
  Unsubscribe,
  Update,
} from "./wire.ts";

/** What the subscriptions of a session need of its hub. */
export interface Desk {
  readonly limits: Limits;
  /** By which the commands of all sessions have their turn. */
  readonly rota: Rota;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds by a clock that nobody sets. */
  elapsed(): number;
  /** What a token grants. @throws {ClientError} when it is none; absent where there are no tokens */
  readonly authorize?: ((token: string) => Promise<Grant>) | undefined;
  /** The cohort of an equal subscription, made when there is none. @throws {ClientError} beyond a limit */
  cohortOf(subscription: Subscription): Cohort;
  /** The name of the cohort of an equal subscription, if there is one. @throws {ClientError} beyond a limit */
  find(subscription: Subscription): string | undefined;
  /** @param place of the follower, if it comes from behind */
  join(follower: Follower, cohort: Cohort, place?: Place): void;
  leave(follower: Follower, cohort: Cohort): void;
  /**
   * Where a position or time is on the tape, or why it is not there any more.
   * @throws {ClientError} when it is neither
   */
  locate(from: string | number): Start | string;
  /**
   * Lets a follower read the tape from a start on; it is told when that has been found.
   * @param place where it comes from, if it has been there: it is told of no more symbols and corrections then
   */
  follow(
    follower: Follower,
    cohort: Cohort,
    start: Start,
    speed: number,
    place?: Partial<Place>,
  ): Cursor;
  unfollow(cursor: Cursor): void;
  /** A cursor may have something to do; it may do that at once, so this comes last. */
  wake(): void;
  snapshot(cohort: Cohort, scene?: Scene): Snapshot;
  formatPosition(seq: number): string;
}

export type Snapshot = Pick<Subscribed, "position" | "symbols" | "unknown" | "snapshot">;

/** How the subscriptions of a session reach their client. */
export interface Outlet {
  /** Whether so much is unsent that nothing may be added. */
  readonly full: boolean;
  send(text: string): void;
  say(message: Message): void;
  readonly subscriptionsMax: number;
}

/** One subscription of a session. */
interface Link {
  readonly cohort: Cohort;
  /** The place on the tape, as long as the client is not where the live stream is. */
  cursor: Cursor | undefined;
  /** The request that is answered when the cursor has found its start. */
  asked:
    | { kind: "subscribed" | "updated"; id: RequestId | undefined; position?: string }
    | undefined;
}

/** The subscriptions of one session: each is live with its cohort, or reads the tape with a cursor. */
export class Links implements Follower {
  readonly #desk: Desk;
  readonly #outlet: Outlet;
  readonly #links = new Map<string, Link>();

  constructor(desk: Desk, outlet: Outlet) {
    this.#desk = desk;
    this.#outlet = outlet;
  }

  get count(): number {
    return this.#links.size;
  }

  get full(): boolean {
    return this.#outlet.full;
  }

  send(text: string): void {
    this.#outlet.send(text);
  }

  subscribe({ subscription, id, from, speed = 0, same = [] }: Subscribe): void {
    const start = from === undefined ? undefined : this.#desk.locate(from);
    const [present] = this.#present(same);
    if (present !== undefined) throw alreadySubscribed(present);
    const cohort = this.#open(subscription);
    const link: Link = { cohort, cursor: undefined, asked: undefined };
    this.#links.set(cohort.sub, link);
    if (start === undefined || typeof start === "string") return this.#join(cohort, id, start);
    // A resume is answered with the position asked for.
    const position = start.kind === "seq" ? { position: String(from) } : {};
    link.asked = { kind: "subscribed", id, ...position };
    link.cursor = this.#desk.follow(this, cohort, start, speed);
    // Who turned out to be gone when it was answered has left without its cursor.
    if (!this.#links.has(cohort.sub)) this.#desk.unfollow(link.cursor);
    this.#desk.wake();
  }

  /** The subscription takes the place of all that the session had. */
  replace(subscription: Subscription): void {
    // One that is beyond a limit must not cost the session those it has.
    this.#desk.find(subscription);
    this.leaveAll();
    this.subscribe({ kind: "subscribe", subscription });
  }

  unsubscribe({ sub, subscriptions, id }: Unsubscribe): void {
    const subs = subscriptions === undefined ? [sub] : this.#present(subscriptions);
    if (subs.length === 0) throw unknownSub("unsubscribe from", undefined);
    for (const sub of subs) {
      const { subscription } = this.#linkOf("unsubscribe from", sub).cohort;
      this.#leave(sub);
      this.#outlet.say({ kind: "unsubscribed", id, sub, subscription });
    }
  }

  /** The names of those that the session has. */
  #present(subscriptions: readonly Subscription[]): string[] {
    return subscriptions.map((each) => this.#desk.find(each) ?? "")
      .filter((sub) => this.#links.has(sub));
  }

  update({ sub, id, every, seek, speed, pause }: Update): void {
    const link = this.#linkOf("update", sub);
    const now = this.#desk.elapsed();
    const { cohort } = link;
    const start = seek === undefined ? undefined : this.#desk.locate(seek);
    if (typeof start === "string") throw new ClientError("gone", `Cannot seek: ${start}`);
    const pace = speed ?? link.cursor?.speed ?? 0;
    let { cursor } = link;
    const respaced = every !== undefined && every !== cohort.subscription.every;
    const refollow = start !== undefined || respaced ||
      (speed !== undefined && cursor !== undefined && !cursor.setSpeed(speed, now)) ||
      (pause === true && cursor === undefined);
    if (!refollow) {
      if (pause === true) cursor?.pause(now);
      if (pause === false) cursor?.resume(now);
      const position = cursor === undefined ? {} : {
        position: this.#desk.formatPosition(cursor.seq),
      };
      this.#outlet.say({ kind: "updated", id, sub: cohort.sub, ...position });
      return this.#desk.wake();
    }
    const target = this.#target(cohort, every);
    const paused = pause ?? cursor?.paused ?? false;
    const { seq, told } = cursor ?? cohort.letBehind(this);
    if (cursor !== undefined) this.#desk.unfollow(cursor);
    if (target !== cohort) this.#leave(cohort.sub);
    this.#links.set(target.sub, {
      cohort: target,
      cursor: undefined,
      asked: { kind: "updated", id },
    });
    cursor = this.#desk.follow(this, target, start ?? { kind: "seq", seq }, pace, { told });
    if (paused) cursor.pause(now);
    this.#links.get(target.sub)!.cursor = cursor;
    this.#desk.wake();
  }

  leaveAll(): void {
    for (const sub of [...this.#links.keys()]) this.#leave(sub);
  }

  fellBehind(cohort: Cohort): void {
    const link = this.#links.get(cohort.sub);
    if (link === undefined) return;
    const place = cohort.letBehind(this);
    link.cursor = this.#desk.follow(this, cohort, { kind: "seq", seq: place.seq }, 0, place);
  }

  outdated(cursor: Cursor): void {
    const { cohort, seq, told, speed, paused } = cursor;
    const link = this.#links.get(cohort.sub);
    this.#desk.unfollow(cursor);
    if (link === undefined) return;
    link.cursor = this.#desk.follow(this, cohort, { kind: "seq", seq }, speed, { told });
    if (paused) link.cursor.pause(this.#desk.elapsed());
  }

  started(cursor: Cursor): void {
    const { cohort } = cursor;
    const link = this.#links.get(cohort.sub);
    if (link === undefined) return;
    link.cursor = cursor;
    const { asked } = link;
    if (asked === undefined) return;
    link.asked = undefined;
    const position = asked.position ?? this.#desk.formatPosition(cursor.seq);
    const { symbols, unknown, snapshot } = this.#desk.snapshot(cohort, cursor.replayed);
    if (asked.kind === "subscribed") {
      this.#subscribed(cohort, asked.id, { position, symbols, unknown, snapshot }, cursor.speed);
    } else {
      const { id } = asked;
      this.#outlet.say({ kind: "updated", id, sub: cohort.sub, position, symbols, snapshot });
    }
  }

  caughtUp(cursor: Cursor, place: Place): void {
    const link = this.#links.get(cursor.cohort.sub);
    this.#desk.unfollow(cursor);
    if (link === undefined) return;
    link.cursor = undefined;
    this.#desk.join(this, link.cohort, place);
  }

  fellOff(cursor: Cursor, reason: string): void {
    const link = this.#links.get(cursor.cohort.sub);
    this.#desk.unfollow(cursor);
    if (link === undefined) return;
    link.cursor = undefined;
    this.#join(link.cohort, link.asked?.id, reason);
    link.asked = undefined;
  }

  #linkOf(action: string, sub: string): Link {
    const link = this.#links.get(sub);
    if (link !== undefined) return link;
    throw unknownSub(action, sub);
  }

  /** The cohort of a subscription that the session does not have yet. */
  #open(subscription: Subscription): Cohort {
    const { subscriptionsMax } = this.#outlet;
    if (this.#links.size >= subscriptionsMax) {
      throw new ClientError(
        "too_many_subscriptions",
        `Cannot subscribe: ${subscriptionsMax} subscriptions are the limit of a connection`,
      );
    }
    return this.#fresh(subscription);
  }

  /** The cohort of a subscription of which only the spacing changes, if that does. */
  #target(cohort: Cohort, every: number | undefined): Cohort {
    if (every === undefined) return cohort;
    const subscription = { ...cohort.subscription, every };
    if (this.#desk.find(subscription) === cohort.sub) return cohort;
    return this.#fresh(subscription);
  }

  /**
   * Asked before there is a cohort: one that nobody joins would stay for ever.
   * @throws {ClientError} when the session has this subscription already
   */
  #fresh(subscription: Subscription): Cohort {
    const sub = this.#desk.find(subscription);
    if (sub !== undefined && this.#links.has(sub)) throw alreadySubscribed(sub);
    return this.#desk.cohortOf(subscription);
  }

  /** Joins the live stream. @param reason why it is not joined where it was asked for */
  #join(cohort: Cohort, id: RequestId | undefined, reason?: string): void {
    this.#desk.join(this, cohort);
    this.#subscribed(cohort, id, this.#desk.snapshot(cohort), undefined, reason);
  }

  #subscribed(
    { sub, subscription }: Cohort,
    id: RequestId | undefined,
    snapshot: Snapshot,
    speed?: number,
    reason?: string,
  ): void {
    const recovered = reason === undefined;
    this.#outlet.say({
      kind: "subscribed",
      id,
      sub,
      subscription,
      speed,
      recovered,
      reason,
      ...snapshot,
    });
  }

  #leave(sub: string): void {
    const link = this.#links.get(sub);
    if (link === undefined) return;
    this.#links.delete(sub);
    if (link.cursor !== undefined) this.#desk.unfollow(link.cursor);
    this.#desk.leave(this, link.cohort);
  }
}

function alreadySubscribed(sub: string): ClientError {
  const message = `Cannot subscribe: ${sub} is the same subscription`;
  return new ClientError("already_subscribed", message);
}

function unknownSub(action: string, sub: string | undefined): ClientError {
  const name = sub === undefined ? "" : ` ${JSON.stringify(sub.slice(0, 100))}`;
  const message = `Cannot ${action}${name}: there is no such subscription`;
  return new ClientError("unknown_sub", message);
}
