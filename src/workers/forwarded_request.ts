import { Channel } from "./channel.ts";
import { type Frame, frameOf, KIND, messageIn } from "./frames.ts";

/** A request for another process. */
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

/** The empty frame at the end of a complete answer. */
const END = new Uint8Array();

/** Sends a request to the process at a path. The body arrives as fast as the client reads it. */
export async function forwardRequest(path: string, request: Request): Promise<Response> {
  const answer = new Answer();
  const channel = await Channel.open(path, answer);
  const { method, url } = request;
  channel.say({ op: "request", method, url, headers: [...request.headers] } satisfies Asked);
  return await answer.from(channel);
}

/** Receives the answer on its own channel. */
class Answer {
  readonly #head: Promise<Answered>;
  #resolve!: (head: Answered) => void;
  #reject!: (error: Error) => void;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isWhole = false;
  #channel: Channel | undefined;
  /** Body frames from before the response was created. */
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

/** Answers a request of another process and closes its channel. */
export async function answerForwarded(
  channel: Channel,
  { method, url, headers }: Asked,
  fetch: (request: Request) => Response | Promise<Response>,
  hasGone: () => boolean,
): Promise<void> {
  try {
    const request = new Request(url, { method, headers: headers as [string, string][] });
    const response = await fetch(request);
    channel.say({ status: response.status, headers: [...response.headers] } satisfies Answered);
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      channel.send(frameOf(KIND.body, part.value));
      await channel.drained();
      if (hasGone()) return void await reader?.cancel();
    }
    channel.send(frameOf(KIND.body, END));
    channel.end();
  } catch (_) {
    // There is no answer, or its body is unreadable. Without the end frame the other process
    // breaks its answer off too.
    channel.close();
  }
}
