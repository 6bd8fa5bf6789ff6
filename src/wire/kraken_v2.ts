/** Version 2 of Kraken's public WebSocket API: https://docs.kraken.com/api/docs/websocket-v2/ticker */
import type { Reach } from "../hub/topic.ts";
import type { Command, Message, Subscribed, Wire } from "../hub/wire.ts";
import type { Figures } from "../tape/figures.ts";
import type { PairList } from "./kraken_pairs.ts";
import {
  BAD_INTERVAL,
  BAD_NAME,
  intervalOf,
  isObject,
  isRequestNumber,
  MALFORMED,
  minutesOf,
  parseObject,
  PRIVATE,
  refusalText,
  timestamp,
  unknownPair,
  unsupportedField,
} from "./kraken_text.ts";
import { HEARTBEAT_MS, type KrakenOptions } from "./kraken_v1.ts";
import { type Name, NAMES, type Topic, type Trigger, TRIGGERS, V2Data } from "./kraken_v2_data.ts";
import { exactId } from "./request_id.ts";

const VERSION = "2.0.10";
const METHODS = ["subscribe", "unsubscribe"];
const TRADING =
  /^(?:add|amend|edit|cancel)_order$|^cancel_(?:all|all_orders_after|on_disconnect)$|^batch_/;
const PRIVATE_CHANNELS = ["executions", "balances", "level3"];
/** Channels that all clients get without a subscription. */
const GIVEN_CHANNELS = ["status", "heartbeat"];
const PARAMS: Readonly<Record<Name, readonly string[]>> = {
  ticker: ["symbol", "event_trigger", "snapshot"],
  ohlc: ["symbol", "interval", "snapshot"],
  trade: ["symbol", "snapshot"],
  instrument: ["snapshot", "execution_venue", "include_tokenized_assets"],
};
const WARNINGS: Readonly<Record<string, readonly string[]>> = {
  ohlc: ["timestamp is deprecated, use interval_begin"],
  instrument: ["tick_size is deprecated, use price_increment"],
};

type Frame = Readonly<Record<string, unknown>>;

/** The parts of a request that its answer repeats. */
interface Asked {
  readonly method: unknown;
  readonly reqId: unknown;
  readonly timeIn: number;
  readonly symbol?: unknown;
  readonly snapshot?: boolean;
}

/** @returns makes the protocol of a connection from its number and the symbols that its client may see */
export function krakenV2(options: KrakenOptions): (connectionId: number, reach: Reach) => Wire {
  const data = new V2Data(options.figures, options.pairs);
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

function status(connection_id: number, system: string): string {
  const lists = { upcoming_maintenance: [], emergency: [] };
  const row = { version: VERSION, system, api_version: "v2", connection_id, ...lists };
  return JSON.stringify({ channel: "status", type: "update", data: [row] });
}

class Reader {
  readonly #figures: Figures;
  readonly #pairs: PairList;
  readonly #pairsMax: number;
  readonly #data: V2Data;

  constructor({ figures, pairs, pairsMax }: KrakenOptions, data: V2Data, reach: Reach) {
    this.#figures = figures;
    this.#pairs = pairs.within(reach);
    this.#pairsMax = pairsMax;
    this.#data = data;
  }

  read(text: string): Command | Command[] {
    const frame = parseObject(text);
    const timeIn = this.#figures.now();
    if (frame === undefined) {
      return this.#refuse(MALFORMED, { method: "error", reqId: undefined, timeIn });
    }
    const { method, req_id: number, params } = frame;
    const reqId = exactId(text, "req_id", number);
    const asked: Asked = { method, reqId, timeIn };
    if (number !== undefined && !isRequestNumber(number)) return this.#refuse(MALFORMED, asked);
    if (method === "ping") return answer({ method: "pong", req_id: reqId, ...this.#times(timeIn) });
    if (typeof method === "string" && TRADING.test(method)) return this.#refuse(PRIVATE, asked);
    if (!METHODS.includes(method as string) || !isObject(params)) {
      return this.#refuse(MALFORMED, asked);
    }
    return this.#readParams(params, frame, asked);
  }

  #readParams(params: Frame, frame: Frame, asked: Asked): Command | Command[] {
    const { channel, symbol } = params;
    if (PRIVATE_CHANNELS.includes(channel as string)) return this.#refuse(PRIVATE, asked);
    if (GIVEN_CHANNELS.includes(channel as string)) {
      return answer(this.#success(asked, { channel }));
    }
    const name = NAMES.find((each) => each === channel);
    const symbols = Array.isArray(symbol) ? symbol as unknown[] : [];
    if (name === undefined) return this.#refuseEach(BAD_NAME, asked, symbols);
    const fault = frameFault(name, frame, params, this.#pairsMax);
    if (fault !== undefined) return this.#refuse(fault, asked);
    const { snapshot = name !== "trade", event_trigger = TRIGGERS[0], interval = 1 } = params;
    const width = name === "ohlc" ? intervalOf(interval) : undefined;
    if (name === "ohlc" && width === undefined) {
      return this.#refuseEach(BAD_INTERVAL, asked, symbols);
    }
    const topic: Topic = {
      name,
      interval: width,
      trigger: name === "ticker" ? event_trigger as Trigger : undefined,
    };
    const told = { ...asked, snapshot: snapshot as boolean };
    if (name === "instrument") return this.#command(topic, told);
    const names = name === "ticker" && symbols.includes("*")
      ? this.#pairs.all().map(({ symbol }) => symbol)
      : symbols;
    return names.map((symbol) => this.#readSymbol(symbol, topic, { ...told, symbol }));
  }

  #readSymbol(symbol: unknown, topic: Topic, asked: Asked): Command {
    if (typeof symbol !== "string") return this.#refuse(MALFORMED, asked);
    const pair = this.#pairs.ofSymbol(symbol);
    if (pair === undefined) return this.#refuse(unknownPair(symbol), asked);
    return this.#command({ ...topic, pair }, asked);
  }

  #command(topic: Topic, asked: Asked): Command {
    const subscription = this.#data.subscription(topic);
    // A subscription to the same ticker with the other trigger counts as the same.
    const same = topic.trigger === undefined
      ? [subscription]
      : TRIGGERS.map((trigger) => this.#data.subscription({ ...topic, trigger }));
    return asked.method === "subscribe"
      ? { kind: "subscribe", id: asked, subscription, same }
      : { kind: "unsubscribe", id: asked, subscriptions: same };
  }

  write(message: Message): string | readonly string[] | undefined {
    const { kind } = message;
    if (kind === "heartbeat") return JSON.stringify({ channel: "heartbeat" });
    if (kind === "error") {
      const { code, message: text, id } = message;
      const unasked: Asked = { method: "error", reqId: undefined, timeIn: this.#figures.now() };
      // Kraken writes `subscribe` also in the error for a failed `unsubscribe`.
      const asked = id === undefined ? unasked : { ...id as Asked, method: "subscribe" };
      return JSON.stringify(this.#refusal(refusalText(code, text), asked));
    }
    if (kind !== "subscribed" && kind !== "unsubscribed") return undefined;
    // The protocol has no message for ticks that a slow client has missed.
    if (message.id === undefined) return undefined;
    return this.#acknowledge(message);
  }

  #acknowledge({ kind, id, subscription }: Pick<Subscribed, "id" | "subscription"> & {
    readonly kind: "subscribed" | "unsubscribed";
  }): string | readonly string[] {
    const asked = id as Asked;
    const topic = this.#data.topicOf(subscription);
    const { name, pair, interval, trigger } = topic;
    const isNew = kind === "subscribed";
    const acknowledged = JSON.stringify(this.#success(asked, {
      channel: name,
      event_trigger: trigger,
      interval: interval && minutesOf(interval),
      snapshot: isNew ? asked.snapshot : undefined,
      symbol: pair?.symbol,
      warnings: isNew ? WARNINGS[name] : undefined,
    }));
    const snapshot = isNew && asked.snapshot ? this.#data.snapshot(topic, this.#pairs) : undefined;
    return snapshot === undefined ? acknowledged : [acknowledged, snapshot];
  }

  #success({ method, reqId, timeIn }: Asked, result: Frame): Frame {
    return { method, req_id: reqId, result, success: true, ...this.#times(timeIn) };
  }

  #refusal(error: string, { method, reqId, symbol, timeIn }: Asked): Frame {
    return { error, method, req_id: reqId, success: false, symbol, ...this.#times(timeIn) };
  }

  #refuse(error: string, asked: Asked): Command {
    return answer(this.#refusal(error, asked));
  }

  /** One answer per symbol, or a single one without symbols. */
  #refuseEach(error: string, asked: Asked, symbols: readonly unknown[]): Command | Command[] {
    if (symbols.length === 0) return this.#refuse(error, asked);
    return symbols.slice(0, this.#pairsMax)
      .map((symbol) => this.#refuse(error, { ...asked, symbol }));
  }

  #times(timeIn: number): Frame {
    return { time_in: timestamp(timeIn), time_out: timestamp(this.#figures.now()) };
  }
}

function answer(frame: Frame): Command {
  return { kind: "answer", text: JSON.stringify(frame) };
}

/** The error of a request as a whole, if any. */
function frameFault(name: Name, frame: Frame, params: Frame, pairsMax: number): string | undefined {
  const { method, params: _, req_id: __, ...rest } = frame;
  const unknown = Object.keys(rest)[0] ??
    Object.keys(params).find((field) => !["channel", "token", ...PARAMS[name]].includes(field));
  if (unknown !== undefined) return unsupportedField(unknown, String(method));
  const { symbol, snapshot, event_trigger: trigger } = params;
  if (snapshot !== undefined && typeof snapshot !== "boolean") return MALFORMED;
  if (trigger !== undefined && !(TRIGGERS as readonly unknown[]).includes(trigger)) {
    return MALFORMED;
  }
  if (name === "instrument") return undefined;
  if (!Array.isArray(symbol) || symbol.length === 0) return MALFORMED;
  return symbol.length > pairsMax
    ? `Cannot ${method} ${symbol.length} symbols: the limit is ${pairsMax}`
    : undefined;
}
