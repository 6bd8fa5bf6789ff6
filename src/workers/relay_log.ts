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

/** Another process that follows. */
interface Follower {
  readonly send: (frame: Uint8Array) => void;
  /** How many symbols it knows by their numbers, and where the blocks end that it knows. */
  symbols: number;
  sealed: number;
  /** What it was told last, and what it has said that it does not read any more. */
  told: string;
  released: number;
}

export interface RelayLogOptions {
  readonly log: SlicedLog;
  /** What is known of the file; asked once the log is followed. */
  sharing(): Sharing;
}

/** A log that other processes of this server follow too: they are told what this one was told, after it. */
export class RelayLog implements SlicedLog {
  readonly epoch: string;
  readonly #options: RelayLogOptions;
  readonly #followers = new Set<Follower>();
  /** Entries that a process needs which begins with what is in the file. */
  #kept: { readonly frame: Uint8Array; readonly until: number }[] = [];
  #keptFrom = 0;
  /** So many processes are about to follow, and have looked at the file, or will. */
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
      // As the log itself has it: without ticks that of the next one.
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

  /** What is before this seq is read by no other process. */
  get released(): number {
    if (this.#coming > 0) return 0;
    let released = Infinity;
    for (const follower of this.#followers) released = Math.min(released, follower.released);
    return released;
  }

  /** A process is about to look at the file: what it finds there stays until it follows. @returns says that it does, or never will */
  expect(): () => void {
    this.#coming++;
    let isOver = false;
    return () => {
      if (!isOver) this.#coming--;
      isOver = true;
    };
  }

  /**
   * Tells a process of everything after a seq, from now on.
   * @param after up to which it has all @param symbols that it knows by their numbers
   * @returns what to do with its drafts, and what it says of where it reads; `undefined` when something between is not kept
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

  /** Tells what was done to the file. */
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

/** A process that follows. */
export interface Joined {
  /** It wants something logged. */
  draft(bytes: Uint8Array): void;
  /** It does not read what is before this seq. */
  released(tail: number): void;
  left(): void;
}

function say({ send }: Follower, message: LogMessage): void {
  send(messageFrame(message));
}
