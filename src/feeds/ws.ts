/** https://www.rfc-editor.org/rfc/rfc6455 */
import { Buffer } from "node:buffer";
import type WebSocket from "ws";
import { addressOf, headersOf } from "./address.ts";
import {
  durationOption,
  type Feed,
  type FeedContext,
  type FeedSpec,
  SourceFault,
  unusable,
} from "./feed.ts";
import { FORM_OPTION_NAMES } from "../records/form_options.ts";
import { MESSAGE_OPTIONS, MessageFeed, messageSettings } from "./message_feed.ts";
import { idleOption, IdleTimer } from "./idle_timer.ts";

const PING_MS_MIN = 1_000;
const PING_MS = 30_000;
/** A connection is dead after this many pings without an answer. */
const PINGS_MISSED = 2;
/** A source that has refused nothing for this long counts as ready. */
const SETTLED_MS = 3_000;
const MESSAGE_BYTES_MAX = 16_777_216;

interface Settings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  readonly subscribe: readonly string[];
  readonly pingMs: number;
  /** A text to send instead of a WebSocket ping. */
  readonly pingText: string | undefined;
  /** Silence after which the connection counts as lost. */
  readonly idleMs: number;
}

/**
 * Messages of any WebSocket: `ws:wss://host/stream?subscribe={"op":"subscribe"}&where=type:trade&map=price:p`.
 * @throws {RangeError} for an invalid option
 */
export function ws(spec: FeedSpec): Feed {
  const { url, own } = addressOf(spec, {
    protocols: ["ws:", "wss:"],
    example: 'ws:wss://host/stream?subscribe={"op":"subscribe"}',
    options: [
      "subscribe",
      "ping",
      "idle",
      "header",
      "protocol",
      ...MESSAGE_OPTIONS,
      ...FORM_OPTION_NAMES,
    ],
  });
  const { options } = own;
  const [, every, text] = /^([^:]*)(?::(.*))?$/s.exec(options.get("ping") ?? "") ?? [];
  const pinging = { ...own, options: new URLSearchParams(every ? { ping: every } : {}) };
  const settings: Settings = {
    url,
    headers: headersOf(own),
    protocols: options.get("protocol")?.split(",") ?? [],
    subscribe: options.getAll("subscribe"),
    pingMs: durationOption(pinging, "ping") ?? PING_MS,
    pingText: text,
    idleMs: idleOption(own),
  };
  if (settings.pingMs < PING_MS_MIN) throw unusable(spec, `ping is at least ${PING_MS_MIN}ms`);
  const meaning = messageSettings(own, `${new URL(url).host}${new URL(url).pathname}`);
  let messageFeed: MessageFeed | undefined;
  return {
    name: spec.name,
    run(context) {
      messageFeed ??= new MessageFeed(context, meaning);
      messageFeed.join();
      return new Connection(context, settings, messageFeed).run();
    },
  };
}

/** One connection, from opening to loss. */
class Connection {
  readonly #context: FeedContext;
  readonly #settings: Settings;
  readonly #messageFeed: MessageFeed;
  #socket: WebSocket | undefined;
  #openedAt = Infinity;
  readonly #silence: IdleTimer;
  /** Time of the last message or pong. */
  #heardAt: number;
  #pingedAt: number;
  #isOver = false;
  #fail: (error: unknown) => void = () => {};

  constructor(context: FeedContext, settings: Settings, messageFeed: MessageFeed) {
    this.#context = context;
    this.#settings = settings;
    this.#messageFeed = messageFeed;
    this.#silence = new IdleTimer(context, settings.idleMs);
    this.#heardAt = this.#pingedAt = context.now();
  }

  /** @throws {SourceFault} when the connection ends */
  async run(): Promise<void> {
    const { url, headers, protocols } = this.#settings;
    const { default: WebSocket } = await import("ws");
    if (this.#context.signal.aborted) return;
    const socket = this.#socket = new WebSocket(url, [...protocols], {
      headers: { ...headers },
      maxPayload: MESSAGE_BYTES_MAX,
    });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        this.#context.signal.addEventListener("abort", () => resolve(), { once: true });
        socket.on("open", () => this.#opened());
        socket.on("message", (data, isBinary) => this.#heard(data as Uint8Array, isBinary));
        socket.on("ping", () => this.#heardAt = this.#context.now());
        socket.on("pong", () => this.#heardAt = this.#context.now());
        socket.on("unexpected-response", (_, { statusCode }) => {
          reject(new SourceFault(`The source answers ${statusCode}`));
        });
        socket.on("error", ({ message }) => {
          reject(new SourceFault(`Cannot reach the source: ${message.replaceAll(url, "its URL")}`));
        });
        socket.on("close", (code, reason) => {
          const words = `The source has closed the connection (${code}) ${String(reason)}`;
          reject(new SourceFault(words.trimEnd()));
        });
        void this.#silence.watch(reject, (now) => this.#tend(now));
      });
    } finally {
      this.#isOver = true;
      this.#silence.end();
      socket.terminate();
      await this.#messageFeed.drained();
    }
  }

  #opened(): void {
    this.#openedAt = this.#heardAt = this.#pingedAt = this.#context.now();
    this.#silence.heard();
    for (const text of this.#settings.subscribe) this.#socket!.send(text);
  }

  #tend(now: number): void {
    const { pingMs, pingText } = this.#settings;
    if (now - this.#heardAt > (PINGS_MISSED + 1) * pingMs) {
      return this.#fail(new SourceFault("The source has stopped sending"));
    }
    if (now - this.#openedAt >= SETTLED_MS) this.#context.ready();
    if (this.#openedAt === Infinity || now - this.#pingedAt < pingMs) return;
    this.#pingedAt = now;
    const socket = this.#socket;
    if (socket === undefined || socket.readyState !== socket.OPEN) return;
    if (pingText === undefined) socket.ping();
    else socket.send(pingText);
  }

  #heard(data: Uint8Array, isBinary: boolean): void {
    this.#heardAt = this.#context.now();
    this.#silence.heard();
    if (this.#isOver) return;
    try {
      if (this.#messageFeed.take(isBinary ? data : Buffer.from(data).toString())) {
        this.#context.ready();
      }
    } catch (error) {
      this.#fail(error);
    }
  }
}
