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
  /** Commands, or messages in a room. */
  readonly commandsPerSecond: number;
  /** Commands that may come at once. */
  readonly commandsBurst: number;
  /** High-water mark: a socket with more unsent bytes is given nothing. */
  readonly bufferedBytesMax: number;
  /** A client that reads nothing for so long is closed. */
  readonly stalledMsMax: number;
  /** A heartbeat is sent when nothing else was for so long. */
  readonly heartbeatMs: number;
  /** The least and the greatest spacing of frames. */
  readonly flushMs: number;
  readonly everyMsMax: number;
  /** Rooms at once, those included that are empty and not yet forgotten. */
  readonly roomsMax: number;
  /** Clients in one room. */
  readonly roomMembersMax: number;
  /** Characters of a message in a room. */
  readonly roomMessageMax: number;
  /** How long an empty room and its newest message are kept. */
  readonly roomKeptMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  sessionsMax: 10_000,
  subscriptionsMax: 100,
  patternsMax: 1_000,
  frameBytesMax: 65_536,
  commandsPerSecond: 50,
  commandsBurst: 100,
  bufferedBytesMax: 262_144,
  stalledMsMax: 30_000,
  heartbeatMs: 15_000,
  flushMs: 10,
  everyMsMax: 3_600_000,
  roomsMax: 1_000,
  roomMembersMax: 100,
  roomMessageMax: 16_384,
  roomKeptMs: 3_600_000,
};
