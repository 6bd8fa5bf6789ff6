/** Version 1 of Kraken's public WebSocket API: https://docs.kraken.com/websockets/ */
import type { Reach } from "../hub/topic.ts";
import type { Command, Message, Wire } from "../hub/wire.ts";
import type { Figures } from "../tape/figures.ts";
import type { PairList, Pairs } from "./kraken_pairs.ts";
import {
  ALL_MINUTES,
  BAD_INTERVAL,
  BAD_NAME,
  intervalOf,
  isObject,
  isRequestNumber,
  MALFORMED,
  minutesOf,
  NOT_SUBSCRIBED,
  parseObject,
  PRIVATE,
  RATE_EXCEEDED,
  refusalText,
  unknownPair,
  unsupportedField,
} from "./kraken_text.ts";
import {
  channelId,
  channelName,
  type Name,
  NAMES,
  pairName,
  type Topic,
  V1Data,
} from "./kraken_v1_data.ts";
import { exactId } from "./request_id.ts";

export interface KrakenOptions {
  readonly figures: Figures;
  readonly pairs: Pairs;
  /** Most pairs in one frame. */
  readonly pairsMax: number;
}

/** A heartbeat follows after this long without another message. */
export const HEARTBEAT_MS = 1_000;

const VERSION = "1.9.6";
const BAD_REQID = "Reqid field must be a positive integer less than 18446744073709551616";
const FIELDS = ["event", "reqid", "pair", "subscription", "channelID"];
const SUBSCRIPTION_FIELDS = ["name", "interval", "depth", "token", "snapshot", "ratecounter"];
/** Each answer repeats the subscription, so a long one would turn a small frame into many large answers. */
const SUBSCRIPTION_LENGTH_MAX = 256;
const PRIVATE_NAMES = ["openOrders", "ownTrades"];
const DEPTHS = [10, 25, 100, 500, 1000];

type Frame = Readonly<Record<string, unknown>>;

/** The parts of a request that its answer repeats. */
interface Asked {
  readonly reqid: unknown;
  readonly pair?: unknown;
  readonly subscription?: unknown;
}

/** @returns makes the protocol of a connection from its number and the symbols that its client may see */
export function krakenV1(options: KrakenOptions): (connectionId: number, reach: Reach) => Wire {
  const data = new V1Data(options.figures, options.pairs);
  const status = (connectionID: number, status: string) =>
    JSON.stringify({ connectionID, event: "systemStatus", status, version: VERSION });
  return (connectionId, reach) => {
    const reader = new Reader(options, data, reach);
    return {
      greeting: status(connectionId, "online"),
      heartbeatMs: HEARTBEAT_MS,
      single: true,
      decode: (text) => [reader.read(text)].flat(),
      encode: (message) =>
        message.kind === "draining" ? status(connectionId, "maintenance") : reader.write(message),
    };
  };
}

class Reader {
  readonly #pairs: PairList;
  readonly #pairsMax: number;
  readonly #data: V1Data;

  constructor({ pairs, pairsMax }: KrakenOptions, data: V1Data, reach: Reach) {
    this.#pairs = pairs.within(reach);
    this.#pairsMax = pairsMax;
    this.#data = data;
  }

  read(text: string): Command | Command[] {
    const frame = parseObject(text);
    if (frame === undefined) return answer({ errorMessage: MALFORMED, event: "error" });
    const { event, reqid: number } = frame;
    const reqid = exactId(text, "reqid", number);
    if (number !== undefined && !(isRequestNumber(number) && number > 0)) {
      const about = event === "ping" ? "pingStatus" : "subscriptionStatus";
      return answer({ errorMessage: BAD_REQID, event: about, reqid, status: "error" });
    }
    if (event === "ping") return answer({ event: "pong", reqid });
    if (event === undefined) return refuse("Event(s) not found", { reqid });
    if (event !== "subscribe" && event !== "unsubscribe") {
      return refuse("Unsupported event", { reqid });
    }
    const { channelID, pair, subscription } = frame;
    if (event === "unsubscribe" && channelID !== undefined && subscription === undefined) {
      const topic = this.#data.topicOfId(channelID);
      if (topic === undefined) return refuse(NOT_SUBSCRIBED, { reqid });
      return this.#unsubscribe([topic], { reqid, pair: pairName(topic) });
    }
    const fault = frameFault(frame);
    if (fault !== undefined) {
      return refuse(fault, { reqid, pair: fault === PRIVATE ? undefined : pair, subscription });
    }
    const names = pair as unknown[];
    if (names.length > this.#pairsMax) {
      const reason = `Cannot ${event} ${names.length} pairs: the limit is ${this.#pairsMax}`;
      return refuse(reason, { reqid, subscription });
    }
    return names.flatMap((name) =>
      this.#readPair(event, name, subscription as Frame, { reqid, pair: name, subscription })
    );
  }

  #readPair(event: string, spelled: unknown, subscription: Frame, asked: Asked): Command[] {
    const fault = subscriptionFault(subscription);
    if (fault !== undefined) return [refuse(fault, asked)];
    if (typeof spelled !== "string") return [refuse(MALFORMED, asked)];
    const pair = this.#pairs.ofName(spelled);
    if (pair === undefined || (spelled !== pair.wsname && spelled !== pair.symbol)) {
      return [refuse(unknownPair(spelled), asked)];
    }
    const topics = topicsOf(event, subscription, { pair, old: spelled === pair.wsname });
    if (event === "unsubscribe") return [this.#unsubscribe(topics, asked)];
    return topics.map((topic) => ({
      kind: "subscribe",
      id: asked,
      subscription: this.#data.subscription(topic),
    }));
  }

  #unsubscribe(topics: readonly Topic[], asked: Asked): Command {
    const subscriptions = topics.map((topic) => this.#data.subscription(topic));
    return { kind: "unsubscribe", id: asked, subscriptions };
  }

  write(message: Message): string | readonly string[] | undefined {
    const { kind } = message;
    if (kind === "heartbeat") return JSON.stringify({ event: "heartbeat" });
    if (kind === "error") return refused(message);
    if (kind !== "subscribed" && kind !== "unsubscribed") return undefined;
    // The protocol has no message for ticks that a slow client has missed.
    if (message.id === undefined) return undefined;
    const { reqid } = message.id as Asked;
    const topic = this.#data.topicOf(message.subscription);
    const { name, interval } = topic;
    const acknowledged = JSON.stringify({
      channelID: channelId(topic),
      channelName: channelName(topic),
      event: "subscriptionStatus",
      pair: pairName(topic),
      reqid,
      status: kind,
      subscription: interval === undefined ? { name } : { interval: minutesOf(interval), name },
    });
    const snapshot = kind === "subscribed" ? this.#data.snapshot(topic) : undefined;
    return snapshot === undefined ? acknowledged : [acknowledged, snapshot];
  }
}

function answer(frame: Frame): Command {
  return { kind: "answer", text: JSON.stringify(frame) };
}

function refuse(errorMessage: string, asked: Asked): Command {
  return answer(refusal(errorMessage, asked));
}

function refusal(errorMessage: string, { pair, reqid, subscription }: Asked): Frame {
  return { errorMessage, event: "subscriptionStatus", pair, reqid, status: "error", subscription };
}

/** An error of the hub as a frame. */
function refused({ code, message, id }: Message & { readonly kind: "error" }): string {
  const errorMessage = refusalText(code, message);
  // Kraken reports this error in an extra field as well.
  const special = errorMessage === RATE_EXCEEDED ? { Error: errorMessage } : undefined;
  const frame = id === undefined
    ? { errorMessage, event: "error" }
    : refusal(errorMessage, id as Asked);
  return JSON.stringify({ ...special, ...frame });
}

/** The channels that a subscription names. `*` is each channel; in `unsubscribe` also each candle length. */
function topicsOf(
  event: string,
  { name, interval }: Frame,
  { pair, old }: Pick<Topic, "pair" | "old">,
): Topic[] {
  const widths = event === "unsubscribe" && name === "*" && interval === undefined
    ? ALL_MINUTES
    : [interval ?? 1];
  return (name === "*" ? NAMES : [name as Name]).flatMap((name): Topic[] =>
    name === "ohlc"
      ? widths.map((minutes) => ({ name, interval: intervalOf(minutes), pair, old }))
      : [{ name, pair, old }]
  );
}

/** The error of a request as a whole, if any. */
function frameFault({ event, pair, subscription, ...rest }: Frame): string | undefined {
  const unknown = Object.keys(rest).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) return unsupportedField(unknown, String(event));
  if (!isObject(subscription)) return "Subscription field must be an object";
  if (JSON.stringify(subscription).length > SUBSCRIPTION_LENGTH_MAX) return MALFORMED;
  if (PRIVATE_NAMES.includes(subscription["name"] as string)) {
    return pair === undefined ? PRIVATE : "Pair field unsupported for this subscription type";
  }
  if (pair === undefined) return "Pair(s) not found";
  if (!Array.isArray(pair)) return "Pair field must be an array";
  return pair.length === 0 ? "Pair(s) not found" : undefined;
}

/** The error of a subscription, independent of the pair. */
function subscriptionFault(subscription: Frame): string | undefined {
  const { name, interval, depth } = subscription;
  const unknown = Object.keys(subscription).some((field) => !SUBSCRIPTION_FIELDS.includes(field));
  if (unknown) return "Subscription object unsupported field";
  if (typeof name !== "string") return MALFORMED;
  if (name === "book") return bookFault(depth);
  if (name !== "*" && !(NAMES as readonly string[]).includes(name)) return BAD_NAME;
  if (depth !== undefined) return `Subscription ${name} doesn't require depth`;
  if (interval === undefined) return undefined;
  if (name !== "ohlc" && name !== "*") return `Subscription ${name} doesn't require interval`;
  if (interval === null) return "Subscription ohlc requires interval";
  if (!Number.isInteger(interval)) return "Subscription ohlc interval must be an integer";
  return intervalOf(interval) === undefined ? BAD_INTERVAL : undefined;
}

/** There is no order book, but Kraken reports a wrong depth first. */
function bookFault(depth: unknown = DEPTHS[0]): string {
  if (!Number.isInteger(depth)) return "Subscription book depth must be an integer";
  return DEPTHS.includes(depth as number) ? BAD_NAME : "Subscription depth not supported";
}
