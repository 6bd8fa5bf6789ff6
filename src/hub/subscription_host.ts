import type { Cohort } from "./cohort.ts";
import type { Cursor, Follower } from "./cursor.ts";
import type { StartPosition } from "./start_position.ts";
import type { Grant } from "./grant.ts";
import type { Limits } from "./limits.ts";
import type { Knowledge, Place } from "./reader.ts";
import type { FairQueue } from "./fair_queue.ts";
import type { MarketView } from "./market_view.ts";
import type { Subscribed, Subscription } from "./wire.ts";

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
   * Makes a cursor for a follower that reads the tape from a start on. The caller calls `begin`.
   * @param known by the follower before, if it has followed or was live
   */
  follow(
    follower: Follower,
    cohort: Cohort,
    start: StartPosition,
    speed: number,
    known?: Knowledge,
  ): Cursor;
  unfollow(cursor: Cursor): void;
  /** A cursor may have something to do. It may run at once, so callers must call this last. */
  wake(): void;
  snapshot(cohort: Cohort, view?: MarketView): Snapshot;
  formatPosition(seq: number): string;
}

export type Snapshot = Pick<Subscribed, "position" | "symbols" | "unknown" | "snapshot">;
