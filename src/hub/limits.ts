/** What one client may use of the server. */
export interface Limits {
  /** Clients at once. */
  readonly sessionsMax: number;
  /** Subscriptions of one connection. */
  readonly subscriptionsMax: number;
  /** Names and prefixes in one subscription. */
  readonly patternsMax: number;
  /** Length of a frame from a client. */
  readonly frameBytesMax: number;
  /** Commands of one connection that wait for their turn; as many more are refused. */
  readonly commandsMax: number;
  /** High-water mark: a socket with more unsent bytes is given nothing. */
  readonly bufferedBytesMax: number;
  /** A client that reads nothing for so long is closed. */
  readonly stalledMsMax: number;
  /** A heartbeat is sent when nothing else was for so long. */
  readonly heartbeatMs: number;
  /** The least and the greatest spacing of frames; 0 where it follows from what serving costs. */
  readonly flushMs: number;
  readonly everyMsMax: number;
  /** Rooms at once, those included that are empty and not yet forgotten. */
  readonly roomsMax: number;
  /** Clients in one room. */
  readonly roomMembersMax: number;
  /** Characters of a message in a room. */
  readonly roomMessageMax: number;
  /** Messages a second of one client that a room passes on, and twice that at once. */
  readonly roomMessagesPerSecond: number;
  /** How long an empty room and its newest message are kept. */
  readonly roomKeptMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  sessionsMax: 10_000,
  subscriptionsMax: 1_000,
  patternsMax: 1_000,
  frameBytesMax: 65_536,
  commandsMax: 4_000,
  bufferedBytesMax: 262_144,
  stalledMsMax: 30_000,
  heartbeatMs: 15_000,
  flushMs: 10,
  everyMsMax: 3_600_000,
  roomsMax: 1_000,
  roomMembersMax: 100,
  roomMessageMax: 16_384,
  roomMessagesPerSecond: 200,
  roomKeptMs: 3_600_000,
};

/** Settings of the operator that are limits. */
export interface LimitSettings {
  readonly "sessions-max": number;
  readonly "subscriptions-max": number;
  readonly "commands-max": number;
  readonly "frame-max": number;
  readonly "buffered-max": number;
  readonly stalled: number;
  readonly heartbeat: number;
  readonly flush: number | "auto";
  readonly "rooms-max": number;
  readonly "room-members-max": number;
  readonly "room-message-max": number;
  readonly "room-kept": number;
}

export function limitsOf(settings: LimitSettings): Limits {
  return {
    ...DEFAULT_LIMITS,
    sessionsMax: settings["sessions-max"],
    subscriptionsMax: settings["subscriptions-max"],
    commandsMax: settings["commands-max"],
    frameBytesMax: settings["frame-max"],
    bufferedBytesMax: settings["buffered-max"],
    stalledMsMax: settings.stalled,
    heartbeatMs: settings.heartbeat,
    flushMs: settings.flush === "auto" ? 0 : settings.flush,
    roomsMax: settings["rooms-max"],
    roomMembersMax: settings["room-members-max"],
    roomMessageMax: settings["room-message-max"],
    roomKeptMs: settings["room-kept"],
  };
}
