import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import type { TapedCorrection } from "../core/correction.ts";
import type { TapedTick } from "../core/tick.ts";
import type { Channel, Mode, Selection } from "./topic.ts";

/** A request as its protocol knows it again: the hub looks not at it, and hands it back in the answer. */
export type RequestId = unknown;

/** What a client asks for. `every` is in milliseconds. */
export interface Subscription {
  readonly selection: Selection;
  readonly channel: Channel;
  readonly mode: Mode;
  readonly every: number;
  readonly format: Format;
}

export type Command =
  | Subscribe
  /** The subscription takes the place of all that the session had. */
  | { readonly kind: "replace"; readonly subscription: Subscription }
  | Update
  | Unsubscribe
  | { readonly kind: "ping"; readonly id?: RequestId | undefined }
  /** A new token takes the place of the one with which the connection was opened. */
  | { readonly kind: "authorize"; readonly id?: RequestId | undefined; readonly token: string }
  /** The protocol has the answer by itself. */
  | { readonly kind: "answer"; readonly text: string };

export interface Subscribe {
  readonly kind: "subscribe";
  readonly id?: RequestId | undefined;
  readonly subscription: Subscription;
  /** The position or time to start from; absent means now. */
  readonly from?: string | number | undefined;
  /** With `from`: times as fast as recorded, 0 as fast as the client reads. */
  readonly speed?: number | undefined;
  /** Subscriptions that are the same to the client: with one of them, this one is refused. */
  readonly same?: readonly Subscription[] | undefined;
}

/** Ends a subscription by its name, or all those that the session has of the given ones. */
export type Unsubscribe =
  & { readonly kind: "unsubscribe"; readonly id?: RequestId | undefined }
  & (
    | { readonly sub: string; readonly subscriptions?: undefined }
    | { readonly sub?: undefined; readonly subscriptions: readonly Subscription[] }
  );

/** Changes a subscription in place; what is absent stays as it is. */
export interface Update {
  readonly kind: "update";
  readonly id?: RequestId | undefined;
  readonly sub: string;
  readonly every?: number | undefined;
  readonly speed?: number | undefined;
  readonly pause?: boolean | undefined;
  readonly seek?: string | number | undefined;
}

export interface Subscribed {
  readonly kind: "subscribed";
  readonly id?: RequestId | undefined;
  readonly sub: string;
  readonly position: string;
  readonly subscription: Subscription;
  /** Of a stream that starts in the past. */
  readonly speed?: number | undefined;
  readonly recovered: boolean;
  readonly reason?: string | undefined;
  /** In the order in which columns formats number them. */
  readonly symbols: readonly string[];
  readonly unknown: readonly string[];
  /** Board rows, or the newest bars on a bar channel. */
  readonly snapshot: readonly (Row | Bar)[];
}

/** What the server says beside data. A wire leaves out what its protocol does not know. */
export type Message =
  | Subscribed
  | {
    readonly kind: "unsubscribed";
    readonly id?: RequestId | undefined;
    readonly sub: string;
    readonly subscription: Subscription;
  }
  | {
    readonly kind: "updated";
    readonly id?: RequestId | undefined;
    readonly sub: string;
    /** Where a stream that is not live stands. */
    readonly position?: string;
    readonly symbols?: readonly string[];
    /** The state there, if the channel has one. */
    readonly snapshot?: readonly (Row | Bar)[];
  }
  | { readonly kind: "pong"; readonly id?: RequestId | undefined; readonly time: number }
  /** `expires` is in milliseconds since the epoch; `null` is never. */
  | {
    readonly kind: "authorized";
    readonly id?: RequestId | undefined;
    readonly expires: number | null;
  }
  /** The token expires soon: a new one is asked for. */
  | { readonly kind: "token"; readonly expires: number }
  | { readonly kind: "heartbeat"; readonly seq: number; readonly time: number }
  | { readonly kind: "draining"; readonly reconnectAfter: number }
  | {
    readonly kind: "error";
    readonly id?: RequestId | undefined;
    readonly code: string;
    readonly message: string;
    readonly retryAfter?: number | undefined;
  };

/** What one frame of data consists of. */
export type Item = TapedTick | Row | Bar;

/** An item as text, made once for all frames it goes into. */
export interface Fragment {
  readonly symbol: string;
  readonly text: string;
}

export interface Frame {
  readonly sub: string;
  readonly prev: number;
  readonly seq: number;
  /** How many updates were left out; 0 in lossless streams. */
  readonly merged: number;
  readonly fragments: readonly Fragment[];
  /** The number of a symbol in this subscription. */
  readonly indexOf: (symbol: string) => number;
}

/** How data is written. Stateless, so that all sessions with the same subscription share one text. */
export interface Format {
  readonly name: string;
  /** Whether the whole selection is sent every time, changed or not. */
  readonly whole: boolean;
  /** The names of a row's places, if rows are positional. */
  columns(channel: Channel): readonly string[] | undefined;
  fragment(channel: Channel, item: Item): string;
  /** A quote for those who have the one before, if that can be shorter. */
  readonly change?: (before: Row, row: Row) => string;
  /** The texts to send, usually one. */
  frame(frame: Frame): readonly string[];
  /**
   * Tells of what was taken back, before any row that came after it; absent where nobody needs to know.
   * @param row that its symbol has then
   */
  correct?(sub: string, correction: TapedCorrection, row: Row): string | undefined;
  /** Tells of symbols that have appeared, before their first row; `undefined` where nobody needs to know. */
  announce(sub: string, symbols: readonly string[]): string | undefined;
  /**
   * What of an item counts: while it stays the same, an update of the symbol is left out. Absent where
   * every update counts, the closing of a bar too.
   */
  essence?(item: Item): string;
}

/** A protocol: text to meaning and back. */
export interface Wire {
  /** Said to a client as soon as it is connected. */
  readonly greeting?: string;
  /** The spacing of heartbeats, sent only to clients with a subscription; absent where the server's goes for all. */
  readonly heartbeatMs?: number;
  /** A subscription has one symbol, so a client may have as many of them as another has names in one. */
  readonly single?: true;
  /**
   * @returns what the client asks for, in order: one that is refused does not keep the others from being
   * done; an empty list for a frame to which nothing is to be done
   * @throws {ClientError} when the frame means nothing
   */
  decode(text: string): readonly Command[];
  /** @returns the texts to send; `undefined` when the protocol has no such message */
  encode(message: Message): string | readonly string[] | undefined;
}
