import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import type { TapedCorrection } from "../core/correction.ts";
import type { TapedTick } from "../core/tick.ts";
import type { Channel, Mode, Selection } from "./topic.ts";

/** The id of a request in its protocol. The hub only returns it with the answer. */
export type RequestId = unknown;

/** A subscription as requested. `every` is in milliseconds. */
export interface Subscription {
  readonly selection: Selection;
  readonly channel: Channel;
  readonly mode: Mode;
  readonly every: number;
  readonly format: Format;
}

export type Command =
  | Subscribe
  /** Replaces all subscriptions of the session. */
  | { readonly kind: "replace"; readonly subscription: Subscription }
  | Update
  | Unsubscribe
  | { readonly kind: "ping"; readonly id?: RequestId | undefined }
  /** Replaces the token of the connection. */
  | { readonly kind: "authorize"; readonly id?: RequestId | undefined; readonly token: string }
  /** The protocol answers this without the hub. */
  | { readonly kind: "answer"; readonly text: string };

export interface Subscribe {
  readonly kind: "subscribe";
  readonly id?: RequestId | undefined;
  readonly subscription: Subscription;
  /** The position or time to start from; absent for now. */
  readonly from?: string | number | undefined;
  /** With `from`: a multiple of recorded time; 0 is as fast as the client reads. */
  readonly speed?: number | undefined;
  /** Subscriptions that are equal in the client's protocol; if one exists, this one is refused. */
  readonly same?: readonly Subscription[] | undefined;
}

/** Ends a subscription by name, or all of the given ones that the session has. */
export type Unsubscribe =
  & { readonly kind: "unsubscribe"; readonly id?: RequestId | undefined }
  & (
    | { readonly sub: string; readonly subscriptions?: undefined }
    | { readonly sub?: undefined; readonly subscriptions: readonly Subscription[] }
  );

/** Changes a subscription in place; absent fields keep their values. */
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
  /** Only of a stream that starts in the past. */
  readonly speed?: number | undefined;
  readonly recovered: boolean;
  readonly reason?: string | undefined;
  /** In the order in which columns formats number them. */
  readonly symbols: readonly string[];
  readonly unknown: readonly string[];
  /** Board rows, or the newest bars on a bar channel. */
  readonly snapshot: readonly (Row | Bar)[];
}

/** The messages of the server other than data. A wire leaves out those that its protocol lacks. */
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
    /** The position of a stream that is not live. */
    readonly position?: string;
    readonly symbols?: readonly string[];
    /** The state at that position, if the channel has one. */
    readonly snapshot?: readonly (Row | Bar)[];
  }
  | { readonly kind: "pong"; readonly id?: RequestId | undefined; readonly time: number }
  /** `expires` is in milliseconds since the epoch; `null` is never. */
  | {
    readonly kind: "authorized";
    readonly id?: RequestId | undefined;
    readonly expires: number | null;
  }
  /** The token expires soon; the client should renew it. */
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

/** The items of a data frame. */
export type Item = TapedTick | Row | Bar;

/** An item as text, shared by all frames that contain it. */
export interface Fragment {
  readonly symbol: string;
  readonly text: string;
}

export interface Frame {
  readonly sub: string;
  readonly prev: number;
  readonly seq: number;
  /** Number of updates that were left out; 0 in lossless streams. */
  readonly merged: number;
  readonly fragments: readonly Fragment[];
  /** The number of a symbol in this subscription. */
  readonly indexOf: (symbol: string) => number;
}

/** Writes data as text. It has no state, so sessions with the same subscription share one text. */
export interface Format {
  readonly name: string;
  /** Whether each frame contains the whole selection, changed or not. */
  readonly whole: boolean;
  /** The column names, if rows are arrays. */
  columns(channel: Channel): readonly string[] | undefined;
  fragment(channel: Channel, item: Item): string;
  /** The change of a quote, for readers that have the row before; absent if all rows are full. */
  readonly change?: (before: Row, row: Row) => string;
  /** The texts to send, usually one. */
  frame(frame: Frame): readonly string[];
  /**
   * Announces a correction before any later row; absent if the format does not announce them.
   * @param row of the symbol after the correction
   */
  correct?(sub: string, correction: TapedCorrection, row: Row): string | undefined;
  /** Announces new symbols before their first row; `undefined` if the format does not do that. */
  announce(sub: string, symbols: readonly string[]): string | undefined;
  /**
   * The part of an item that counts. An update of the symbol with the same part is left out. Absent
   * if every update counts, even one that only closes a bar.
   */
  changeKey?(item: Item): string;
}

/** A protocol: reads commands and writes messages. */
export interface Wire {
  /** Sent as soon as a client has connected. */
  readonly greeting?: string;
  /** Time between heartbeats, for clients with a subscription; absent for the server's own time. */
  readonly heartbeatMs?: number;
  /** Each subscription has one symbol, so the limit of patterns is the limit of subscriptions. */
  readonly single?: true;
  /**
   * @returns the commands in order, perhaps none; each runs even if one before it failed
   * @throws {ClientError} if the frame is not valid
   */
  decode(text: string): readonly Command[];
  /** @returns the texts to send; `undefined` if the protocol has no such message */
  encode(message: Message): string | readonly string[] | undefined;
}
