import { ClientError } from "./client_error.ts";
import type { Cohort } from "./cohort.ts";
import type { Cursor, Follower } from "./cursor.ts";
import type { StartPosition } from "./start_position.ts";
import type { Knowledge, Place } from "./reader.ts";
import { tooManyCommands } from "./request_queue.ts";
import type { Snapshot, SubscriptionHost } from "./subscription_host.ts";
import type { Message, RequestId, Subscribe, Subscription, Unsubscribe, Update } from "./wire.ts";

/** The connection to the client, as the subscriptions of a session see it. */
export interface ClientConnection {
  /** Whether the socket has too many unsent bytes to take more. */
  readonly full: boolean;
  send(text: string): void;
  say(message: Message): void;
  readonly subscriptionsMax: number;
}

/** A request that is answered when the cursor has found its start. */
interface Asked {
  readonly kind: "subscribed" | "updated";
  readonly id: RequestId | undefined;
}

/** A subscription that is live in its cohort. */
interface Live {
  readonly cohort: Cohort;
  readonly cursor?: undefined;
}

/** A subscription whose cursor reads the tape until the client has reached the live stream. */
interface Following {
  readonly cohort: Cohort;
  readonly cursor: Cursor;
  /** Requests without an answer, in order. Later ones may come before the start is found. */
  readonly asked: Asked[];
}

type ActiveSubscription = Live | Following;

/** How a new cursor goes on. */
interface FollowOptions {
  readonly speed?: number;
  readonly paused?: boolean;
  readonly known?: Knowledge;
  readonly asked?: Asked[];
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
    const cohort = this.#cohortFor(subscription);
    if (start === undefined || typeof start === "string") return this.#join(cohort, [id], start);
    this.#follow(cohort, start, { speed, asked: [{ kind: "subscribed", id }] });
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
      const link = this.#linkOf("unsubscribe from", sub);
      const { subscription } = link.cohort;
      if (link.cursor !== undefined) this.#answer(link);
      this.#leave(sub);
      this.#client.say({ kind: "unsubscribed", id, sub, subscription });
    }
  }

  /** The names of those subscriptions that the session already has. */
  #present(subscriptions: readonly Subscription[]): string[] {
    return subscriptions.map((each) => this.#host.find(each) ?? "")
      .filter((sub) => this.#subscriptions.has(sub));
  }

  update(update: Update): void {
    const link = this.#linkOf("update", update.sub);
    const { seek } = update;
    const start = seek === undefined ? undefined : this.#host.locate(seek);
    if (typeof start === "string") throw new ClientError("gone", `Cannot seek: ${start}`);
    const { commandsMax } = this.#host.limits;
    if (link.cursor !== undefined && link.asked.length >= commandsMax) {
      throw tooManyCommands(commandsMax);
    }
    if (needsNewCursor(link, update)) this.#refollow(link, update, start);
    else this.#adjust(link, update);
    this.#host.wake();
  }

  /** Changes the cursor that there is. A live subscription has nothing to change. */
  #adjust(link: ActiveSubscription, { sub, id, speed, pause }: Update): void {
    if (link.cursor === undefined) return this.#client.say({ kind: "updated", id, sub });
    const { cursor, asked } = link;
    const now = this.#host.elapsed();
    if (speed !== undefined) cursor.setSpeed(speed, now);
    if (pause === true) cursor.pause(now);
    if (pause === false) cursor.resume(now);
    if (asked.length > 0) return void asked.push({ kind: "updated", id });
    const position = this.#host.formatPosition(cursor.seq);
    this.#client.say({ kind: "updated", id, sub, position });
  }

  /** Goes on with a new cursor. @param start absent to start where the client is */
  #refollow(link: ActiveSubscription, update: Update, start?: StartPosition): void {
    const { cohort, cursor } = link;
    const place = cohort.placeOf(this);
    const here = cursor?.start ?? { kind: "seq" as const, seq: place.seq };
    const { told } = cursor?.known ?? place;
    const asked = cursor === undefined ? [] : link.asked;
    const target = this.#target(cohort, update.every);
    this.#follow(target, start ?? here, {
      speed: update.speed ?? cursor?.speed ?? 0,
      paused: update.pause ?? cursor?.paused ?? false,
      // The answer contains all symbols.
      known: { told },
      asked: [...asked, { kind: "updated", id: update.id }],
    });
    if (target !== cohort) this.#leave(cohort.sub);
  }

  leaveAll(): void {
    for (const sub of [...this.#subscriptions.keys()]) this.#leave(sub);
  }

  fellBehind(cohort: Cohort): void {
    if (!this.#subscriptions.has(cohort.sub)) return;
    const known = cohort.placeOf(this);
    this.#follow(cohort, { kind: "seq", seq: known.seq }, { known });
  }

  outdated(cursor: Cursor): void {
    const { cohort, start, speed, paused, known } = cursor;
    if (this.#servedBy(cursor)) this.#follow(cohort, start, { speed, paused, known });
  }

  started(cursor: Cursor): void {
    const link = this.#servedBy(cursor);
    if (link !== undefined) this.#answer(link);
  }

  caughtUp(cursor: Cursor, place: Place): void {
    if (this.#servedBy(cursor) === undefined) return;
    const { cohort } = cursor;
    this.#host.unfollow(cursor);
    this.#subscriptions.set(cohort.sub, { cohort });
    this.#host.join(this, cohort, place);
  }

  fellOff(cursor: Cursor, reason: string): void {
    const link = this.#servedBy(cursor);
    if (link === undefined) return;
    this.#host.unfollow(cursor);
    const ids = link.asked.map(({ id }) => id);
    this.#join(link.cohort, ids.length > 0 ? ids : [undefined], reason);
  }

  /** The subscription that a cursor serves; `undefined` if the client has left it. */
  #servedBy(cursor: Cursor): Following | undefined {
    const link = this.#subscriptions.get(cursor.cohort.sub);
    return link?.cursor === cursor ? link : undefined;
  }

  #linkOf(action: string, sub: string): ActiveSubscription {
    const link = this.#subscriptions.get(sub);
    if (link !== undefined) return link;
    throw unknownSub(action, sub);
  }

  /** Finds the cohort of a subscription. @throws {ClientError} beyond a limit or for a duplicate */
  #cohortFor(subscription: Subscription): Cohort {
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

  /** Makes a cursor, which takes the place of the one before, if there is one. */
  #follow(
    cohort: Cohort,
    start: StartPosition,
    { speed = 0, paused = false, known, asked = [] }: FollowOptions,
  ): void {
    const before = this.#subscriptions.get(cohort.sub)?.cursor;
    const cursor = this.#host.follow(this, cohort, start, speed, known);
    if (before !== undefined) this.#host.unfollow(before);
    if (paused) cursor.pause(this.#host.elapsed());
    this.#subscriptions.set(cohort.sub, { cohort, cursor, asked });
    // Its answer may find the connection closed, and then the session leaves.
    cursor.begin();
  }

  /** Answers the requests that have waited for the start of the cursor. */
  #answer({ cohort, cursor, asked }: Following): void {
    if (asked.length === 0) return;
    const position = this.#host.formatPosition(cursor.seq);
    const { symbols, unknown, snapshot } = this.#host.snapshot(cohort, cursor.replayed);
    for (const { kind, id } of asked.splice(0)) {
      if (kind === "subscribed") {
        this.#subscribed(cohort, id, { position, symbols, unknown, snapshot }, cursor.speed);
      } else {
        this.#client.say({ kind, id, sub: cohort.sub, position, symbols, snapshot });
      }
    }
  }

  /** Joins the live stream and answers requests. @param reason why the start was not possible */
  #join(cohort: Cohort, ids: readonly (RequestId | undefined)[], reason?: string): void {
    this.#subscriptions.set(cohort.sub, { cohort });
    this.#host.join(this, cohort);
    const snapshot = this.#host.snapshot(cohort);
    for (const id of ids) this.#subscribed(cohort, id, snapshot, undefined, reason);
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

/** Whether an update needs a cursor that starts anew: the first one, or another one. */
function needsNewCursor(
  { cohort, cursor }: ActiveSubscription,
  { every, seek, speed, pause }: Update,
): boolean {
  if (seek !== undefined) return true;
  if (every !== undefined && every !== cohort.subscription.every) return true;
  if (cursor === undefined) return pause === true;
  return speed !== undefined && !cursor.canPlayAt(speed);
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
