import { Channel } from "./channel.ts";
import { type Frame, frameOf, KIND, messageIn } from "./frames.ts";

/** A request that another process answers. */
export interface Asked {
  readonly op: "request";
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
}

interface Answered {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

/** An answer that ended before it was whole has no empty frame at its end. */
const END = new Uint8Array();

/** Has a request answered by the process at a path; what is large comes as fast as it is read. */
export async function forwardRequest(path: string, request: Request): Promise<Response> {
  const answer = new Answer();
  const channel = await Channel.open(path, answer);
  const { method, url } = request;
  channel.say({ op: "request", method, url, headers: [...request.headers] } satisfies Asked);
  return await answer.from(channel);
}

/** What comes of it on a channel of its own. */
class Answer {
  readonly #head: Promise<Answered>;
  #resolve!: (head: Answered) => void;
  #reject!: (error: Error) => void;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isWhole = false;
  #channel: Channel | undefined;
  /** What came before anybody read. */
  readonly #early: Uint8Array[] = [];

  constructor() {
    this.#head = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  async from(channel: Channel): Promise<Response> {
    this.#channel = channel;
    const { status, headers } = await this.#head;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#body = controller;
        for (const bytes of this.#early) this.#add(bytes);
      },
      pull: () => channel.resume(),
      cancel: () => channel.close(),
    });
    const isEmpty = status === 204 || status === 304;
    return new Response(isEmpty ? null : body, { status, headers: headers as [string, string][] });
  }

  received(frame: Frame): void {
    if (frame.kind === KIND.message) this.#resolve(messageIn<Answered>(frame));
    else if (this.#body === undefined) this.#early.push(frame.bytes);
    else this.#add(frame.bytes);
  }

  closed(): void {
    const error = new Error("The process that answers has ended");
    this.#reject(error);
    if (this.#isWhole) return;
    this.#isWhole = true;
    this.#body?.error(error);
  }

  #add(bytes: Uint8Array): void {
    if (this.#isWhole) return;
    if (bytes.length === 0) {
      this.#isWhole = true;
      this.#body!.close();
      this.#channel?.close();
      return;
    }
    this.#body!.enqueue(bytes.slice());
    if (this.#body!.desiredSize! <= 0) this.#channel?.pause();
  }
}

/** Answers a request of another process, and ends its channel. */
export async function answerForwarded(
  channel: Channel,
  { method, url, headers }: Asked,
  fetch: (request: Request) => Response | Promise<Response>,
  hasGone: () => boolean,
): Promise<void> {
  const request = new Request(url, { method, headers: headers as [string, string][] });
  const response = await fetch(request);
  channel.say({ status: response.status, headers: [...response.headers] } satisfies Answered);
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      channel.send(frameOf(KIND.body, part.value));
      await channel.drained();
      if (hasGone()) return void await reader?.cancel();
    }
    channel.send(frameOf(KIND.body, END));
    channel.end();
  } catch (_) {
    // What cannot be read to its end is broken off, here as there.
    channel.close();
  }
}
