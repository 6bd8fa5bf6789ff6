/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { readLines } from "../records/lines.ts";
import { RecordFault } from "../wire/record_fault.ts";
import { FORM_OPTION_NAMES } from "../records/form_options.ts";
import { addressOf, headersOf } from "./address.ts";
import { type Feed, type FeedContext, type FeedSpec, SourceFault } from "./feed.ts";
import { type Fetch, reasonOf } from "./fetching.ts";
import { MESSAGE_OPTIONS, MessageFeed, messageSettings } from "./message_feed.ts";
import { idleOption, IdleTimer } from "./idle_timer.ts";

const DATA_LENGTH_MAX = 16_777_216;
const RETRY_MS_MAX = 3_600_000;

interface Settings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Takes only events of this name. */
  readonly event: string | undefined;
  /** Silence after which the connection counts as lost. */
  readonly idleMs: number;
}

/**
 * Server-Sent Events: `sse:https://host/stream?map=price:p&event=trade`. After a lost connection it continues after
 * the last event, if the events have ids.
 * @throws {RangeError} for an invalid option
 */
export function sse(spec: FeedSpec, fetchStream: Fetch = fetch): Feed {
  const { url, own } = addressOf(spec, {
    protocols: ["http:", "https:"],
    example: "sse:https://host/stream",
    options: ["event", "idle", "header", ...MESSAGE_OPTIONS, ...FORM_OPTION_NAMES],
  });
  const settings: Settings = {
    url,
    headers: headersOf(own),
    event: own.options.get("event") ?? undefined,
    idleMs: idleOption(own),
  };
  const { host, pathname } = new URL(url);
  const meaning = messageSettings(own, `${host}${pathname}`);
  let messageFeed: MessageFeed | undefined;
  let lastId: string | undefined;
  return {
    name: spec.name,
    async run(context) {
      const markName = `sse ${meaning.name}`;
      messageFeed ??= new MessageFeed(context, meaning);
      lastId ??= context.mark(markName);
      messageFeed.join(lastId !== undefined);
      const stream = new EventStream(context, settings, fetchStream);
      try {
        for await (const { id, event, data } of stream.events(lastId)) {
          lastId = id;
          if (settings.event !== undefined && event !== settings.event) continue;
          messageFeed.take(data, {
            mark: id === undefined ? undefined : { name: markName, value: id },
          });
        }
      } finally {
        await messageFeed.drained();
      }
    },
  };
}

interface Event {
  /** The id of this event, or else of the last one with an id. */
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** One connection, from request to loss. */
class EventStream {
  readonly #context: FeedContext;
  readonly #settings: Settings;
  readonly #fetch: Fetch;
  readonly #ended = new AbortController();
  readonly #silence: IdleTimer;
  #broken: SourceFault | undefined;
  #retryAfterMs = 0;

  constructor(context: FeedContext, settings: Settings, fetchStream: Fetch) {
    this.#context = context;
    this.#settings = settings;
    this.#fetch = fetchStream;
    this.#silence = new IdleTimer(context, settings.idleMs);
  }

  /** @throws {SourceFault} when the connection ends */
  async *events(lastId: string | undefined): AsyncGenerator<Event> {
    const { url, headers } = this.#settings;
    const own: Record<string, string> = { accept: "text/event-stream", ...headers };
    if (lastId !== undefined) own["last-event-id"] = lastId;
    const signal = AbortSignal.any([this.#context.signal, this.#ended.signal]);
    void this.#silence.watch((fault) => {
      this.#broken = fault;
      this.#ended.abort();
    });
    try {
      const response = await this.#fetch(url, { headers: own, signal, cache: "no-store" });
      const [type = ""] = (response.headers.get("content-type") ?? "nothing").split(";");
      if (response.status !== 200 || type.toLowerCase() !== "text/event-stream") {
        await response.body?.cancel();
        const what = response.status === 200 ? `${type}, not text/event-stream` : response.status;
        throw new SourceFault(`The source answers ${what}`);
      }
      this.#context.ready();
      yield* this.#read(response.body ?? new ReadableStream(), lastId);
    } catch (cause) {
      if (this.#context.signal.aborted) return;
      if (this.#broken !== undefined) throw this.#broken;
      if (cause instanceof SourceFault || cause instanceof RangeError) throw cause;
      throw new SourceFault(`Cannot reach the source: ${reasonOf(cause, url)}`, { cause });
    } finally {
      this.#silence.end();
      this.#ended.abort();
    }
    if (this.#context.signal.aborted) return;
    const retryAfterMs = this.#retryAfterMs;
    throw new SourceFault("The source has ended its answer", { retryAfterMs });
  }

  async *#read(body: AsyncIterable<Uint8Array>, lastId: string | undefined): AsyncGenerator<Event> {
    let id = lastId;
    let event = "", data: string[] = [];
    let length = 0;
    for await (const lines of readLines(body)) {
      this.#silence.heard();
      for (const { text } of lines) {
        if (text instanceof RecordFault) {
          throw new SourceFault(`Cannot read what the source sends: ${text.message}`);
        }
        if (text === "") {
          if (data.length > 0) yield { id, event: event || "message", data: data.join("\n") };
          [event, data, length] = ["", [], 0];
          continue;
        }
        const colon = text.indexOf(":");
        const field = colon < 0 ? text : text.slice(0, colon);
        const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
        if (field === "event") event = value;
        else if (field === "id" && !value.includes("\0")) id = value === "" ? undefined : value;
        else if (field === "retry" && /^\d+$/.test(value)) {
          this.#retryAfterMs = Math.min(RETRY_MS_MAX, Number(value));
        } else if (field === "data") {
          data.push(value);
          length += value.length;
        }
        if (length > DATA_LENGTH_MAX) {
          throw new SourceFault(`An event has more than ${DATA_LENGTH_MAX} characters`);
        }
      }
    }
  }
}
