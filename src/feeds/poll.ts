/** https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests */
import type { GivenBar } from "../core/given_bar.ts";
import type { Tick } from "../core/tick.ts";
import { type Form, FormFault } from "../records/form.ts";
import { FORM_OPTION_NAMES } from "../records/form_options.ts";
import type { Taken } from "../records/layout.ts";
import { RecordReader } from "../records/record_reader.ts";
import { addressOf, headersOf } from "./address.ts";
import {
  durationOption,
  type Feed,
  type FeedContext,
  type FeedSpec,
  formOf,
  SourceFault,
  unusable,
} from "./feed.ts";
import { bytesOf, type Fetch, reasonOf } from "./fetching.ts";

const OPTIONS = ["every", "timeout", "header", ...FORM_OPTION_NAMES];
const ACCEPTED = "application/json, text/csv;q=0.9, */*;q=0.5";
const EVERY_MS = 10_000;
const EVERY_MS_MIN = 100;
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 16_777_216;
/** Number of observations with their own time to remember, so that none is taken twice. */
const SEEN_MAX = 100_000;
const RETRY_AFTER_MS_MAX = 3_600_000;

interface Settings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly form: Form;
}

/**
 * Requests prices at intervals: `poll:https://host/prices.json?every=10s&map=price:data.last`. The options are
 * taken out of the query of the URL; after a `#` they leave the query as it is.
 * @throws {RangeError} for an invalid option
 */
export function poll(spec: FeedSpec, fetchAnswer: Fetch = fetch): Feed {
  const { url, own } = addressOf(spec, {
    protocols: ["http:", "https:"],
    example: "poll:https://host/prices.json?every=10s",
    options: OPTIONS,
  });
  const everyMs = durationOption(own, "every") ?? EVERY_MS;
  if (everyMs < EVERY_MS_MIN) throw unusable(spec, `every is at least ${EVERY_MS_MIN}ms`);
  const settings: Settings = {
    url,
    headers: { accept: ACCEPTED, ...headersOf(own) },
    everyMs,
    timeoutMs: durationOption(own, "timeout") ?? TIMEOUT_MS,
    form: formOf(own),
  };
  const poller = new Poller(settings, fetchAnswer);
  return { name: spec.name, run: (context) => poller.run(context) };
}

/** Sends the requests. It keeps its state after a failure. */
class Poller {
  readonly #settings: Settings;
  readonly #fetch: Fetch;
  /** Request headers that let the source answer 304. */
  #known: Readonly<Record<string, string>> = {};
  readonly #seen = new Map<string, string>();
  /** Knows the form of the answers after the first one. */
  #reader: RecordReader | undefined;

  constructor(settings: Settings, fetchAnswer: Fetch) {
    this.#settings = settings;
    this.#fetch = fetchAnswer;
  }

  /** @throws {SourceFault} */
  async run(context: FeedContext): Promise<void> {
    while (!context.signal.aborted) {
      const askedAt = context.now();
      const { ticks, bars } = await this.#ask(context);
      context.ready();
      if (ticks.length > 0) await context.emit(ticks);
      if (bars.length > 0) await context.give(bars);
      await context.sleep(Math.max(0, askedAt + this.#settings.everyMs - context.now()));
    }
  }

  async #ask(context: FeedContext): Promise<Taken> {
    const { url, headers, timeoutMs } = this.#settings;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const signal = AbortSignal.any([context.signal, late]);
      const response = await this.#fetch(url, { headers: { ...headers, ...this.#known }, signal });
      if (response.status === 304) {
        await response.body?.cancel();
        return { ticks: [], bars: [] };
      }
      if (!response.ok) {
        await response.body?.cancel();
        throw refusal(response, context.now());
      }
      const taken = await this.#read(response, context);
      // Send validators only for an answer that could be read.
      this.#known = validators(response);
      return taken;
    } catch (cause) {
      if (cause instanceof SourceFault) throw cause;
      if (late.aborted) {
        throw new SourceFault(`The source has not answered within ${timeoutMs} ms`, { cause });
      }
      throw new SourceFault(`Cannot reach the source: ${reasonOf(cause, url)}`, { cause });
    }
  }

  /**
   * The new ticks of an answer: all of it is taken, or nothing. A value without a time is an observation of now,
   * even if it has not changed. A value with a time is the same observation however often it is sent.
   */
  async #read(response: Response, context: FeedContext): Promise<Taken> {
    const now = context.now();
    this.#reader ??= new RecordReader({
      form: this.#settings.form,
      takesBars: true,
      now: () => context.now(),
      broken(reason) {
        throw new FormFault(reason);
      },
    });
    try {
      const told: Taken = { ticks: [], bars: [] };
      const answer = bytesOf(response, ANSWER_BYTES_MAX);
      for await (const { ticks, bars } of this.#reader.readInOrder(answer)) {
        for (const tick of ticks) told.ticks.push(tick);
        for (const bar of bars) told.bars.push(bar);
      }
      const ticks = told.ticks.filter((tick) => tick.time === now || this.#isNew(tick));
      return { ticks, bars: told.bars.filter((bar) => this.#isNewBar(bar)) };
    } catch (cause) {
      this.#reader = undefined;
      if (!(cause instanceof FormFault)) throw cause;
      throw new SourceFault(`Cannot read the answer: ${cause.message}`, { cause });
    }
  }

  #isNew({ symbol, time, price, size, bid, ask }: Tick): boolean {
    return this.#isUnknown(`${symbol} ${time} ${price} ${size} ${bid} ${ask}`, "");
  }

  /** Compares with the newest values only, because a forming bar may return to earlier ones. */
  #isNewBar({ symbol, interval, time, open, high, low, close, volume }: GivenBar): boolean {
    const values = `${open} ${high} ${low} ${close} ${volume}`;
    return this.#isUnknown(`${symbol} ${interval} ${time}`, values);
  }

  #isUnknown(key: string, values: string): boolean {
    if (this.#seen.get(key) === values) return false;
    this.#seen.set(key, values);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= SEEN_MAX) break;
      this.#seen.delete(oldest);
    }
    return true;
  }
}

function validators({ headers }: Response): Record<string, string> {
  const [etag, modified] = [headers.get("etag"), headers.get("last-modified")];
  return {
    ...(etag === null ? {} : { "if-none-match": etag }),
    ...(modified === null ? {} : { "if-modified-since": modified }),
  };
}

/** The error for a refused request, with the pause that the source asks for. */
function refusal({ status, headers }: Response, now: number): SourceFault {
  const after = headers.get("retry-after") ?? "";
  const ms = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - now;
  const retryAfterMs = Math.min(RETRY_AFTER_MS_MAX, Math.max(0, ms || 0));
  return new SourceFault(`The source answers ${status}`, { retryAfterMs });
}
