import { encodeEntry } from "../log/entry.ts";
import {
  type Appended,
  type Draft,
  type Entry,
  lastSeq,
  type LogState,
  type SlicedLog,
} from "../log/log.ts";
import type { Sharing } from "../tape/sharing.ts";
import { kindOf, type LogMessage } from "./channel_log.ts";
import { decodeDraft } from "./drafts.ts";
import { frameOf, KIND, messageFrame } from "./frames.ts";

/** A worker that follows the log. */
interface Follower {
  readonly send: (frame: Uint8Array) => void;
  /** Number of symbols that it knows, and the last seq of the blocks that it knows. */
  symbols: number;
  sealed: number;
  /** The last news sent to it, and the seq before which it reads nothing any more. */
  told: string;
  released: number;
}

export interface RelayLogOptions {
  readonly log: SlicedLog;
  /** State of the file; called only after `follow`. */
  sharing(): Sharing;
}

/** The log in the first process. It passes every entry on to the workers after its own delivery. */
export class RelayLog implements SlicedLog {
  readonly epoch: string;
  readonly #options: RelayLogOptions;
  readonly #followers = new Set<Follower>();
  /** Recent entries, for a worker that starts from the state of the file. */
  #kept: { readonly frame: Uint8Array; readonly until: number }[] = [];
  #keptFrom = 0;
  /** Number of starting workers: they have read the file, or will, but do not follow yet. */
  #coming = 0;

  constructor(options: RelayLogOptions) {
    this.#options = options;
    this.epoch = options.log.epoch;
  }

  append(draft: Draft): Promise<Appended> {
    return this.#options.log.append(draft);
  }

  follow(after: number, deliver: (entry: Entry) => void): void {
    this.#keptFrom = after;
    this.#options.log.follow(after, (entry) => {
      deliver(entry);
      const frame = frameOf(KIND.entry, encodeEntry(entry));
      // As in the log itself: an entry without ticks has the seq of the next tick.
      this.#kept.push({ frame, until: Math.max(entry.first, lastSeq(entry)) });
      for (const follower of this.#followers) {
        this.#tellSymbols(follower);
        follower.send(frame);
      }
    });
  }

  work(): boolean {
    return this.#options.log.work();
  }

  get state(): LogState {
    return this.#options.log.state;
  }

  forget(through: number): boolean {
    if (this.#coming === 0 && through > this.#keptFrom) {
      this.#keptFrom = through;
      const kept = this.#kept.findIndex(({ until }) => until > through);
      this.#kept = kept < 0 ? [] : this.#kept.slice(kept);
    }
    return this.#options.log.forget(through);
  }

  close(): Promise<void> {
    return this.#options.log.close();
  }

  /** The seq before which no worker reads the file. */
  get released(): number {
    if (this.#coming > 0) return 0;
    let released = Infinity;
    for (const follower of this.#followers) released = Math.min(released, follower.released);
    return released;
  }

  /** Keeps the file as it is until a new worker follows. @returns called then, or at its end */
  expect(): () => void {
    this.#coming++;
    let isOver = false;
    return () => {
      if (!isOver) this.#coming--;
      isOver = true;
    };
  }

  /**
   * Sends a worker all entries after a seq, and all later ones.
   * @param after the last seq in the worker @param symbols number of symbols that it knows
   * @returns the handlers of its messages; `undefined` if an entry after that seq is not kept
   */
  join(after: number, symbols: number, send: (frame: Uint8Array) => void): Joined | undefined {
    if (after < this.#keptFrom) return undefined;
    const follower = { send, symbols, sealed: after, told: "", released: 0 };
    this.#tellSymbols(follower);
    for (const { frame, until } of this.#kept) if (until > after) send(frame);
    this.#tellNews(follower);
    say(follower, { op: "joined" });
    this.#followers.add(follower);
    return {
      draft: (bytes) => void this.#append(follower, bytes),
      released: (tail) => follower.released = Math.max(follower.released, tail),
      left: () => void this.#followers.delete(follower),
    };
  }

  /** Sends the changes of the file to all workers. */
  tellNews(): void {
    for (const follower of this.#followers) this.#tellNews(follower);
  }

  #tellNews(follower: Follower): void {
    const news = this.#options.sharing().newsAfter(follower.sealed);
    const told = `${news.tail} ${news.saved} ${news.blocks.length}`;
    if (told === follower.told) return;
    this.#tellSymbols(follower);
    say(follower, { op: "news", ...news });
    follower.sealed = news.blocks.at(-1)?.last ?? follower.sealed;
    follower.told = `${news.tail} ${news.saved} 0`;
  }

  #tellSymbols(follower: Follower): void {
    const sharing = this.#options.sharing();
    const count = follower.symbols;
    if (sharing.symbolCount === count) return;
    follower.symbols = sharing.symbolCount;
    say(follower, { op: "symbols", names: sharing.symbolsFrom(count), count });
  }

  async #append(follower: Follower, bytes: Uint8Array): Promise<void> {
    const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    try {
      const { first, last } = await this.append(decodeDraft(bytes.subarray(4)));
      say(follower, { op: "appended", id, first, last });
    } catch (error) {
      say(follower, { op: "refused", id, kind: kindOf(error), reason: (error as Error).message });
    }
  }
}

/** Handlers of the messages of one worker. */
export interface Joined {
  /** The worker sends a draft for the log. */
  draft(bytes: Uint8Array): void;
  /** The worker does not read ticks before this seq any more. */
  released(tail: number): void;
  left(): void;
}

function say({ send }: Follower, message: LogMessage): void {
  send(messageFrame(message));
}
