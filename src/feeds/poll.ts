/** https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests */
import type { Tick } from "../core/tick.ts";
import { type AnswerShape, readAnswer } from "./answer.ts";
import {
  checkOptions,
  durationOption,
  type Feed,
  type FeedContext,
  type FeedSpec,
  readOptions,
  SourceFault,
  unusable,
} from "./feed.ts";
import { type Fetch, readWhole, reasonOf } from "./fetching.ts";
import { formatOption, RECORD_OPTIONS, RecordMap } from "./record_map.ts";

const OPTIONS = ["every", "timeout", "path", "header", ...RECORD_OPTIONS];
const EVERY_MS = 10_000;
const EVERY_MS_MIN = 100;
const TIMEOUT_MS = 10_000;
const ANSWER_LENGTH_MAX = 16_777_216;
/** So many observations with a time of their own are remembered, so that none is taken twice. */
const SEEN_MAX = 100_000;
const RETRY_AFTER_MS_MAX = 3_600_000;

interface Settings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly shape: AnswerShape;
}

/**
 * Asks for prices again and again: `poll:https://host/prices.json?every=10s&map=price:data.last`. The
 * options are taken out of the query of the URL; behind a `#` they leave it as it is.
 * @throws {RangeError} for an option that cannot be used
 */
export function poll(spec: FeedSpec, fetchAnswer: Fetch = fetch): Feed {
  const { url, options } = takeOptions(spec);
  const own = { ...spec, options };
  checkOptions(own, OPTIONS);
  if (!/^https?:\/\/./i.test(url) || !URL.canParse(url)) {
    throw unusable(spec, "name what to ask, as in poll:https://host/prices.json?every=10s");
  }
  const everyMs = durationOption(own, "every") ?? EVERY_MS;
  if (everyMs < EVERY_MS_MIN) throw unusable(spec, `every is at least ${EVERY_MS_MIN}ms`);
  const settings: Settings = {
    url: new URL(url).href,
    headers: headersOf(own),
    everyMs,
    timeoutMs: durationOption(own, "timeout") ?? TIMEOUT_MS,
    shape: {
      map: new RecordMap(own),
      path: options.get("path") ?? "",
      format: formatOption(own),
    },
  };
  const poller = new Poller(settings, fetchAnswer);
  return { name: spec.name, run: (context) => poller.run(context) };
}

/** Asks, and remembers what it needs from one failure to the next. */
class Poller {
  readonly #settings: Settings;
  readonly #fetch: Fetch;
  /** What tells the source which answer is known already. */
  #known: Readonly<Record<string, string>> = {};
  readonly #seen = new Set<string>();

  constructor(settings: Settings, fetchAnswer: Fetch) {
    this.#settings = settings;
    this.#fetch = fetchAnswer;
  }

  /** @throws {SourceFault} */
  async run(context: FeedContext): Promise<void> {
    while (!context.signal.aborted) {
      const askedAt = context.now();
      const ticks = await this.#ask(context);
      context.ready();
      if (ticks.length > 0) await context.emit(ticks);
      await context.sleep(Math.max(0, askedAt + this.#settings.everyMs - context.now()));
    }
  }

  async #ask(context: FeedContext): Promise<Tick[]> {
    const { url, headers, timeoutMs } = this.#settings;
    const late = AbortSignal.timeout(timeoutMs);
    let text: string;
    let known: Readonly<Record<string, string>>;
    try {
      const signal = AbortSignal.any([context.signal, late]);
      const response = await this.#fetch(url, { headers: { ...headers, ...this.#known }, signal });
      if (response.status === 304) {
        await response.body?.cancel();
        return [];
      }
      if (!response.ok) {
        await response.body?.cancel();
        throw refusal(response, context.now());
      }
      known = validators(response);
      text = await readWhole(response, ANSWER_LENGTH_MAX);
    } catch (cause) {
      if (cause instanceof SourceFault) throw cause;
      if (late.aborted) {
        throw new SourceFault(`The source has not answered within ${timeoutMs} ms`, { cause });
      }
      throw new SourceFault(`Cannot reach the source: ${reasonOf(cause, url)}`, { cause });
    }
    const ticks = this.#read(text, context.now());
    // Only an answer that could be read need not be sent again.
    this.#known = known;
    return ticks;
  }

  /**
   * What the answer tells that is new. A value without a time is one of this moment, also when it has
   * not changed; one with a time is the same observation however often it is sent.
   */
  #read(text: string, now: number): Tick[] {
    try {
      const told = readAnswer(text, this.#settings.shape, now);
      return told.filter(({ tick, isTimed }) => !isTimed || this.#isNew(tick)).map(({ tick }) =>
        tick
      );
    } catch (cause) {
      const { message } = cause as Error;
      const says = message.startsWith("Cannot ") ? message : `Cannot read the answer: ${message}`;
      throw new SourceFault(says, { cause });
    }
  }

  #isNew({ symbol, time, price, size, bid, ask }: Tick): boolean {
    const key = `${symbol} ${time} ${price} ${size} ${bid} ${ask}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= SEEN_MAX) break;
      this.#seen.delete(oldest);
    }
    return true;
  }
}

/** What is ours of the query, and the URL without it. Behind a `#` everything is ours. */
function takeOptions({ rest, expand }: FeedSpec): { url: string; options: URLSearchParams } {
  const hash = rest.indexOf("#");
  if (hash >= 0) {
    return { url: expand(rest.slice(0, hash)), options: readOptions(rest.slice(hash + 1), expand) };
  }
  const question = rest.indexOf("?");
  const address = question < 0 ? rest : rest.slice(0, question);
  const parts = question < 0 ? [] : rest.slice(question + 1).split("&");
  const isOption = (part: string) => OPTIONS.includes(part.split("=", 1)[0]!);
  const kept = parts.filter((part) => part !== "" && !isOption(part)).join("&");
  return {
    url: expand(kept === "" ? address : `${address}?${kept}`),
    options: readOptions(parts.filter(isOption).join("&"), expand),
  };
}

/** Such as `header=Authorization: Bearer ${TOKEN}`, any number of them. */
function headersOf(spec: FeedSpec): Record<string, string> {
  const headers: Record<string, string> = { accept: "application/json, text/csv;q=0.9, */*;q=0.5" };
  for (const header of spec.options.getAll("header")) {
    const [, name, value] = /^([\w-]+)\s*:\s*([\x20-\x7e]+)$/.exec(header) ?? [];
    if (name === undefined || value === undefined) {
      throw unusable(spec, "a header is not NAME:VALUE");
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function validators({ headers }: Response): Record<string, string> {
  const [etag, modified] = [headers.get("etag"), headers.get("last-modified")];
  return {
    ...(etag === null ? {} : { "if-none-match": etag }),
    ...(modified === null ? {} : { "if-modified-since": modified }),
  };
}

/** What the source says of when it may be asked again is kept to. */
function refusal({ status, headers }: Response, now: number): SourceFault {
  const after = headers.get("retry-after") ?? "";
  const ms = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - now;
  const retryAfterMs = Math.min(RETRY_AFTER_MS_MAX, Math.max(0, ms || 0));
  return new SourceFault(`The source answers ${status}`, { retryAfterMs });
}
