import { ClientError } from "./client_error.ts";
import type { Cohort } from "./cohort.ts";
import type { Cursor, Follower } from "./cursor.ts";
import type { StartPosition } from "./start_position.ts";
import type { Grant } from "./grant.ts";
import type { Limits } from "./limits.ts";
import type { Place } from "./reader.ts";
import type { FairQueue } from "./fair_queue.ts";
import type { MarketView } from "./market_view.ts";
import type {
  Message,
  RequestId,
  Subscribe,
  Subscribed,
  Subscription,
  Unsubscribe,
  Update,
} from "./wire.ts";

/** The part of the hub that the subscriptions of a session use. */
export interface SubscriptionHost {
  readonly limits: Limits;
  /** Schedules the commands of all sessions. */
  readonly queue: FairQueue;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds by a monotonic clock. */
  elapsed(): number;
  /** The rights of a token; absent if the server has no tokens. @throws {ClientError} if invalid */
  readonly authorize?: ((token: string) => Promise<Grant>) | undefined;
  /** Finds or makes the cohort of an equal subscription. @throws {ClientError} beyond a limit */
  cohortOf(subscription: Subscription): Cohort;
  /** The name of an equal subscription's cohort, if any. @throws {ClientError} beyond a limit */
  find(subscription: Subscription): string | undefined;
  /** @param place of a follower that has read the tape until now */
  join(follower: Follower, cohort: Cohort, place?: Place): void;
  leave(follower: Follower, cohort: Cohort): void;
  /**
   * Finds a position or time on the tape.
   * @returns the start, or the reason why there is none
   * @throws {ClientError} if the text is not a position or a time
   */
  locate(from: string | number): StartPosition | string;
  /**
   * Makes a follower read the tape from a start on; `started` reports when the start was found.
   * @param place of the follower before, if any: it knows the symbols and corrections up to there
   */
  follow(
    follower: Follower,
    cohort: Cohort,
    start: StartPosition,
    speed: number,
    place?: Partial<Place>,
  ): Cursor;
  unfollow(cursor: Cursor): void;
  /** A cursor may have something to do. It may run at once, so callers must call this last. */
  wake(): void;
  snapshot(cohort: Cohort, view?: MarketView): Snapshot;
  formatPosition(seq: number): string;
}

export type Snapshot = Pick<Subscribed, "position" | "symbols" | "unknown" | "snapshot">;

/** The connection to the client, as the subscriptions of a session see it. */
export interface ClientConnection {
  /** Whether the socket has too many unsent bytes to take more. */
  readonly full: boolean;
  send(text: string): void;
  say(message: Message): void;
  readonly subscriptionsMax: number;
}

/** One subscription of a session. */
interface ActiveSubscription {
  readonly cohort: Cohort;
  /** Reads the tape until the client has reached the live stream. */
  cursor: Cursor | undefined;
  /** The request to answer when the cursor has found its start. */
  asked:
    | { kind: "subscribed" | "updated"; id: RequestId | undefined; position?: string }
    | undefined;
}

/** The subscriptions of one session. Each is live in its cohort or reads the tape with a cursor. */
export class Subscriptions implements Follower {
  readonly #host: SubscriptionHost;
  readonly #client: ClientConnection;
  readonly #subscriptions = new Map<string, ActiveSubscription>();

  constructor(host: SubscriptionHost, client: ClientConnection) {
    this.#host = host;
    this.#client = client;
  }

  get count(): number {
    return this.#subscriptions.size;
  }

  get full(): boolean {
    return this.#client.full;
  }

  send(text: string): void {
    this.#client.send(text);
  }

  subscribe({ subscription, id, from, speed = 0, same = [] }: Subscribe): void {
    const start = from === undefined ? undefined : this.#host.locate(from);
    const [present] = this.#present(same);
    if (present !== undefined) throw alreadySubscribed(present);
    const cohort = this.#open(subscription);
    const link: ActiveSubscription = { cohort, cursor: undefined, asked: undefined };
    this.#subscriptions.set(cohort.sub, link);
    if (start === undefined || typeof start === "string") return this.#join(cohort, id, start);
    // The answer to a resume repeats the position of the request.
    const position = start.kind === "seq" ? { position: String(from) } : {};
    link.asked = { kind: "subscribed", id, ...position };
    link.cursor = this.#host.follow(this, cohort, start, speed);
    // Answering may find the connection closed. Then the session has left before it had its cursor.
    if (!this.#subscriptions.has(cohort.sub)) this.#host.unfollow(link.cursor);
    this.#host.wake();
  }

  /** Replaces all subscriptions of the session by this one. */
  replace(subscription: Subscription): void {
    // Throws beyond a limit, before the session loses its subscriptions.
    this.#host.find(subscription);
    this.leaveAll();
    this.subscribe({ kind: "subscribe", subscription });
  }

  unsubscribe({ sub, subscriptions, id }: Unsubscribe): void {
    const subs = subscriptions === undefined ? [sub] : this.#present(subscriptions);
    if (subs.length === 0) throw unknownSub("unsubscribe from", undefined);
    for (const sub of subs) {
      const { subscription } = this.#linkOf("unsubscribe from", sub).cohort;
      this.#leave(sub);
      this.#client.say({ kind: "unsubscribed", id, sub, subscription });
    }
  }

  /** The names of those subscriptions that the session already has. */
  #present(subscriptions: readonly Subscription[]): string[] {
    return subscriptions.map((each) => this.#host.find(each) ?? "")
      .filter((sub) => this.#subscriptions.has(sub));
  }

  update({ sub, id, every, seek, speed, pause }: Update): void {
    const link = this.#linkOf("update", sub);
    const now = this.#host.elapsed();
    const { cohort } = link;
    const start = seek === undefined ? undefined : this.#host.locate(seek);
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
        position: this.#host.formatPosition(cursor.seq),
      };
      this.#client.say({ kind: "updated", id, sub: cohort.sub, ...position });
      return this.#host.wake();
    }
    const target = this.#target(cohort, every);
    const paused = pause ?? cursor?.paused ?? false;
    const { seq, told } = cursor ?? cohort.letBehind(this);
    if (cursor !== undefined) this.#host.unfollow(cursor);
    if (target !== cohort) this.#leave(cohort.sub);
    this.#subscriptions.set(target.sub, {
      cohort: target,
      cursor: undefined,
      asked: { kind: "updated", id },
    });
    cursor = this.#host.follow(this, target, start ?? { kind: "seq", seq }, pace, { told });
    if (paused) cursor.pause(now);
    this.#subscriptions.get(target.sub)!.cursor = cursor;
    this.#host.wake();
  }

  leaveAll(): void {
    for (const sub of [...this.#subscriptions.keys()]) this.#leave(sub);
  }

  fellBehind(cohort: Cohort): void {
    const link = this.#subscriptions.get(cohort.sub);
    if (link === undefined) return;
    const place = cohort.letBehind(this);
    link.cursor = this.#host.follow(this, cohort, { kind: "seq", seq: place.seq }, 0, place);
  }

  outdated(cursor: Cursor): void {
    const { cohort, seq, told, speed, paused } = cursor;
    const link = this.#subscriptions.get(cohort.sub);
    this.#host.unfollow(cursor);
    if (link === undefined) return;
    link.cursor = this.#host.follow(this, cohort, { kind: "seq", seq }, speed, { told });
    if (paused) link.cursor.pause(this.#host.elapsed());
  }

  started(cursor: Cursor): void {
    const { cohort } = cursor;
    const link = this.#subscriptions.get(cohort.sub);
    if (link === undefined) return;
    link.cursor = cursor;
    const { asked } = link;
    if (asked === undefined) return;
    link.asked = undefined;
    const position = asked.position ?? this.#host.formatPosition(cursor.seq);
    const { symbols, unknown, snapshot } = this.#host.snapshot(cohort, cursor.replayed);
    if (asked.kind === "subscribed") {
      this.#subscribed(cohort, asked.id, { position, symbols, unknown, snapshot }, cursor.speed);
    } else {
      const { id } = asked;
      this.#client.say({ kind: "updated", id, sub: cohort.sub, position, symbols, snapshot });
    }
  }

  caughtUp(cursor: Cursor, place: Place): void {
    const link = this.#subscriptions.get(cursor.cohort.sub);
    this.#host.unfollow(cursor);
    if (link === undefined) return;
    link.cursor = undefined;
    this.#host.join(this, link.cohort, place);
  }

  fellOff(cursor: Cursor, reason: string): void {
    const link = this.#subscriptions.get(cursor.cohort.sub);
    this.#host.unfollow(cursor);
    if (link === undefined) return;
    link.cursor = undefined;
    this.#join(link.cohort, link.asked?.id, reason);
    link.asked = undefined;
  }

  #linkOf(action: string, sub: string): ActiveSubscription {
    const link = this.#subscriptions.get(sub);
    if (link !== undefined) return link;
    throw unknownSub(action, sub);
  }

  /** Finds the cohort of a subscription. @throws {ClientError} beyond a limit or for a duplicate */
  #open(subscription: Subscription): Cohort {
    const { subscriptionsMax } = this.#client;
    if (this.#subscriptions.size >= subscriptionsMax) {
      throw new ClientError(
        "too_many_subscriptions",
        `Cannot subscribe: ${subscriptionsMax} subscriptions are the limit of a connection`,
      );
    }
    return this.#fresh(subscription);
  }

  /** Finds the cohort for a new `every`. */
  #target(cohort: Cohort, every: number | undefined): Cohort {
    if (every === undefined) return cohort;
    const subscription = { ...cohort.subscription, every };
    if (this.#host.find(subscription) === cohort.sub) return cohort;
    return this.#fresh(subscription);
  }

  /**
   * Checks for a duplicate first: a cohort that it makes without members would never be deleted.
   * @throws {ClientError} if the session has this subscription already
   */
  #fresh(subscription: Subscription): Cohort {
    const sub = this.#host.find(subscription);
    if (sub !== undefined && this.#subscriptions.has(sub)) throw alreadySubscribed(sub);
    return this.#host.cohortOf(subscription);
  }

  /** Joins the live stream. @param reason why the requested start was not possible */
  #join(cohort: Cohort, id: RequestId | undefined, reason?: string): void {
    this.#host.join(this, cohort);
    this.#subscribed(cohort, id, this.#host.snapshot(cohort), undefined, reason);
  }

  #subscribed(
    { sub, subscription }: Cohort,
    id: RequestId | undefined,
    snapshot: Snapshot,
    speed?: number,
    reason?: string,
  ): void {
    const recovered = reason === undefined;
    this.#client.say({
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
    const link = this.#subscriptions.get(sub);
    if (link === undefined) return;
    this.#subscriptions.delete(sub);
    if (link.cursor !== undefined) this.#host.unfollow(link.cursor);
    this.#host.leave(this, link.cohort);
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
