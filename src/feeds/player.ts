import type { GivenBar } from "../core/given_bar.ts";
import type { Tick } from "../core/tick.ts";
import type { FeedContext } from "./feed.ts";
import type { Recorded } from "./recording.ts";

const BATCH_MAX = 1_000;

/** How to play a recording. */
export interface Playing {
  /** 1 is the speed of the recording; 0 is as fast as possible. */
  readonly speed: number;
  readonly loop: boolean;
  readonly rebase: boolean;
  /** Distance between the ticks of a recording without times. */
  readonly everyMs: number | undefined;
}

/** A position in a recording. */
interface Place {
  /** Number of ticks of the pass. */
  readonly count: number;
  readonly shift: number;
}

/** Plays a recording once, or again and again with `loop`. */
export class Player {
  readonly #context: FeedContext;
  readonly #playing: Playing;
  /** Ticks, or bars. */
  #batch: Recorded[] = [];
  /** The start of playback: clock time and recorded time. */
  #origin: { readonly clock: number; readonly recorded: number } | undefined;
  /** First and last recorded time of this pass, and its number of ticks. */
  #first = 0;
  #last = -Infinity;
  #count = 0;
  /** Added to recorded times, so that a pass follows the one before. */
  #shift = 0;
  /** Ticks of this pass that another replica has already played. */
  #played = 0;
  /** Name of the mark for the position, with several replicas. */
  readonly #mark: string | undefined;

  /** @param name of the recording */
  constructor(context: FeedContext, playing: Playing, name: string) {
    this.#context = context;
    this.#playing = playing;
    this.#mark = context.shared ? `player ${name}` : undefined;
    const noted = this.#mark === undefined ? undefined : context.mark(this.#mark);
    if (noted === undefined) return;
    const { count, shift } = JSON.parse(noted) as Place;
    [this.#played, this.#shift] = [count, shift];
  }

  /** @param read starts a pass */
  async run(read: () => AsyncIterable<readonly Recorded[]>): Promise<void> {
    const { context, playing } = { context: this.#context, playing: this.#playing };
    do {
      this.#count = 0;
      for await (const records of read()) {
        for (const record of records) {
          if (context.signal.aborted) return;
          await this.#play(record);
        }
      }
      await this.#flush();
      if (this.#count === 0) return;
      this.#played = 0;
      // The next pass starts one average gap after the end of this one.
      const span = this.#last - this.#first;
      const { everyMs = 1_000 } = playing;
      const gap = this.#count > 1 ? span / (this.#count - 1) : everyMs;
      this.#shift += span > 0 ? span + gap : everyMs * this.#count - span;
    } while (playing.loop && !context.signal.aborted);
  }

  async #play(recorded: Recorded): Promise<void> {
    const { speed, rebase, loop, everyMs } = this.#playing;
    if (isBar(recorded) && (rebase || loop || everyMs !== undefined)) {
      throw new RangeError("Cannot move bars to other times: rebase, loop and every are for ticks");
    }
    // Each batch is of one kind.
    if (this.#batch.length > 0 && isBar(this.#batch[0]!) !== isBar(recorded)) await this.#flush();
    const now = this.#context.now();
    const time = everyMs === undefined ? recorded.time : this.#count * everyMs;
    if (this.#count++ === 0) this.#first = time;
    this.#last = time;
    if (this.#count <= this.#played) return;
    const moved = time + this.#shift;
    this.#origin ??= { clock: now, recorded: moved };
    const pace = everyMs === undefined ? speed : 1;
    if (pace === 0) {
      this.#batch.push({ ...recorded, time: rebase ? now : moved });
      if (this.#batch.length >= BATCH_MAX) await this.#flush();
      return;
    }
    const due = this.#origin.clock + (moved - this.#origin.recorded) / pace;
    if (due > now) {
      await this.#flush(1);
      await this.#context.sleep(due - this.#context.now());
      if (this.#context.signal.aborted) return;
    } else if (this.#batch.length >= BATCH_MAX) {
      await this.#flush(1);
    }
    this.#batch.push({ ...recorded, time: rebase || everyMs !== undefined ? due : moved });
  }

  /** @param ahead ticks that were read but are not in the batch */
  async #flush(ahead = 0): Promise<void> {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    const place: Place = { count: this.#count - ahead, shift: this.#shift };
    const marks = this.#mark === undefined
      ? undefined
      : [{ name: this.#mark, value: JSON.stringify(place) }];
    if (isBar(batch[0]!)) await this.#context.give(batch as GivenBar[], marks);
    else await this.#context.emit(batch as Tick[], marks);
    await this.#context.sleep(0);
  }
}

function isBar(record: Recorded): record is GivenBar {
  return "interval" in record;
}
