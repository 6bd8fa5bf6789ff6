import { SYMBOL_LENGTH_MAX } from "../../core/tick.ts";
import type { Limits } from "../../hub/limits.ts";
import { KEY_LENGTH_MAX } from "../native/ingest.ts";
import { LIMIT_MAX, SYMBOLS_MAX } from "../query.ts";
import { UNANSWERED_MAX } from "../native/tick_socket.ts";

/** Settings that are limits, with their unit and description. */
const SETTINGS = {
  "sessions-max": ["clients", "connected at the same time"],
  "symbols-max": ["instruments", "known to the server"],
  "subscriptions-max": ["subscriptions", "of one connection"],
  "commands-max": ["commands", "waiting on one connection"],
  "frame-max": ["characters", "of a frame from a client"],
  "body-max": ["bytes", "of a batch of ticks, unpacked"],
  "buffered-max": ["bytes", "unsent on one connection"],
  "bars-max": ["bars", "always kept, of each interval and symbol"],
  "rooms-max": ["rooms", "at the same time"],
  "room-members-max": ["clients", "in one room"],
  "room-message-max": ["characters", "of a message in a room"],
  "room-kept": ["milliseconds", "for which an empty room is kept"],
  "retention": ["milliseconds", "for which ticks are kept"],
  "retention-size": ["bytes", "of the tape, above which the oldest ticks are deleted"],
  "backup-every": ["milliseconds", "between two backups, if there is a folder for them"],
  "backup-keep": ["backups", "that are kept in that folder"],
  "heartbeat": ["milliseconds", "without messages after which a heartbeat is sent"],
  "stalled": ["milliseconds", "without progress after which a connection is closed"],
  "drain": ["milliseconds", "over which clients are disconnected at shutdown"],
} as const;

export type LimitSettings = Readonly<Record<keyof typeof SETTINGS, number>>;

export interface PublishedLimit {
  readonly value: number;
  readonly unit: string;
  readonly description: string;
  /** The flag that sets it; absent if it is fixed. */
  readonly flag?: string;
}

/** All limits of this server by name. */
export function publishedLimits(
  settings: LimitSettings,
  { flushMs, patternsMax, everyMsMax, roomMessagesPerSecond }: Limits,
): Readonly<Record<string, PublishedLimit>> {
  const set = Object.entries(SETTINGS).map(([name, [unit, description]]) => {
    const value = settings[name as keyof LimitSettings];
    return [name, { value, unit, description, flag: `--${name}` }];
  });
  return {
    ...Object.fromEntries(set),
    "flush": {
      value: flushMs,
      unit: "milliseconds",
      description: "minimum time between two frames; 0 if it depends on the load",
      flag: "--flush",
    },
    "rows": { value: LIMIT_MAX, unit: "rows", description: "in one answer" },
    "symbols": { value: SYMBOLS_MAX, unit: "symbols", description: "named in one request" },
    "patterns": { value: patternsMax, unit: "names", description: "in one subscription" },
    "symbol": { value: SYMBOL_LENGTH_MAX, unit: "characters", description: "of a symbol" },
    "every": {
      value: everyMsMax,
      unit: "milliseconds",
      description: "maximum time between two frames",
    },
    "room-messages": {
      value: roomMessagesPerSecond,
      unit: "messages a second",
      description: "of one client that a room passes on; bursts may be twice as large",
    },
    "idempotency-key": {
      value: KEY_LENGTH_MAX,
      unit: "characters",
      description: "of an Idempotency-Key",
    },
    "unanswered": {
      value: UNANSWERED_MAX,
      unit: "batches",
      description: "without an answer on one connection",
    },
  };
}
