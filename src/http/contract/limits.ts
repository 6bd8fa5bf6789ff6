import { SYMBOL_LENGTH_MAX } from "../../core/tick.ts";
import type { Limits } from "../../hub/limits.ts";
import { KEY_LENGTH_MAX } from "../ingest.ts";
import { LIMIT_MAX, SYMBOLS_MAX } from "../query.ts";
import { UNANSWERED_MAX } from "../tick_socket.ts";

/** Settings that are limits: their unit and what they bound. */
const SETTINGS = {
  "sessions-max": ["clients", "at once"],
  "symbols-max": ["instruments", "known to the server"],
  "subscriptions-max": ["subscriptions", "of one connection"],
  "commands-max": ["commands", "of one connection that wait for their turn"],
  "frame-max": ["characters", "of a frame from a client"],
  "body-max": ["bytes", "of a batch of ticks, unpacked"],
  "buffered-max": ["bytes", "not sent yet to one connection"],
  "bars-max": ["bars", "kept at least, of each interval and symbol"],
  "rooms-max": ["rooms", "at once"],
  "room-members-max": ["clients", "in one room"],
  "room-message-max": ["characters", "of a message in a room"],
  "room-kept": ["milliseconds", "for which an empty room is kept"],
  "retention": ["milliseconds", "for which ticks are kept"],
  "retention-size": ["bytes", "of the tape, beyond which the oldest ticks go first"],
  "backup-every": ["milliseconds", "between two backups, where there is a folder for them"],
  "backup-keep": ["backups", "that are kept in that folder"],
  "heartbeat": ["milliseconds", "of silence after which a heartbeat is sent"],
  "stalled": ["milliseconds", "without progress that end a connection"],
  "drain": ["milliseconds", "over which clients are let go at the end"],
} as const;

export type LimitSettings = Readonly<Record<keyof typeof SETTINGS, number>>;

export interface PublishedLimit {
  readonly value: number;
  readonly unit: string;
  readonly description: string;
  /** What sets it; absent where nothing does. */
  readonly flag?: string;
}

/** Every limit of this server by its name, with its unit. */
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
      description: "between two frames at least; 0 where that follows from what they cost",
      flag: "--flush",
    },
    "rows": { value: LIMIT_MAX, unit: "rows", description: "in one answer" },
    "symbols": { value: SYMBOLS_MAX, unit: "symbols", description: "named in one request" },
    "patterns": { value: patternsMax, unit: "names", description: "in one subscription" },
    "symbol": { value: SYMBOL_LENGTH_MAX, unit: "characters", description: "of a symbol" },
    "every": { value: everyMsMax, unit: "milliseconds", description: "between frames at most" },
    "room-messages": {
      value: roomMessagesPerSecond,
      unit: "messages a second",
      description: "of one client that a room passes on, and twice as many at once",
    },
    "idempotency-key": {
      value: KEY_LENGTH_MAX,
      unit: "characters",
      description: "of an Idempotency-Key",
    },
    "unanswered": {
      value: UNANSWERED_MAX,
      unit: "batches",
      description: "of a connection that wait for their answer",
    },
  };
}
