/** The limits of clients and of the server. */
export interface Limits {
  /** Connected clients. */
  readonly sessionsMax: number;
  /** Subscriptions per connection. */
  readonly subscriptionsMax: number;
  /** Names and prefixes in one subscription. */
  readonly patternsMax: number;
  /** Length of a frame from a client, in characters. */
  readonly frameLengthMax: number;
  /** Commands of one connection that wait for their turn. As many more are kept to refuse them. */
  readonly commandsMax: number;
  /** High-water mark: a socket with more unsent bytes gets no more data. */
  readonly bufferedBytesMax: number;
  /** Time after which a client that reads nothing is closed. */
  readonly stalledMsMax: number;
  /** Time without any message after which a heartbeat is sent. */
  readonly heartbeatMs: number;
  /**
   * The smallest time between frames of a subscription; 0: by the load. `everyMsMax` is the
   * largest.
   */
  readonly flushMs: number;
  readonly everyMsMax: number;
  /** Rooms, including empty ones that are still kept. */
  readonly roomsMax: number;
  /** Clients in one room. */
  readonly roomMembersMax: number;
  /** Length of a room message, in characters. */
  readonly roomMessageMax: number;
  /** Messages a second that a room passes on for one client; bursts may be twice as large. */
  readonly roomMessagesPerSecond: number;
  /** Time for which an empty room and its newest message are kept. */
  readonly roomKeptMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  sessionsMax: 10_000,
  subscriptionsMax: 1_000,
  patternsMax: 1_000,
  frameLengthMax: 65_536,
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

/** The command-line settings that are limits. */
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
    frameLengthMax: settings["frame-max"],
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
