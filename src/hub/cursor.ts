import { startOf } from "../core/interval.ts";
import { cancels, type TapedCorrection } from "../core/correction.ts";
import type { TapedTick } from "../core/tick.ts";
import { readBars } from "../tape/bars.ts";
import { Cohort, type Member } from "./cohort.ts";
import type { Fragments } from "./fragments.ts";
import { Pace } from "./pace.ts";
import type { Place } from "./reader.ts";
import { needsState, Replay, type Sources, timeAt } from "./replay.ts";
import { NOTHING, present, type Scene } from "./scene.ts";
import { IN_THE_FUTURE, type Start } from "./start.ts";
import { channelName } from "./topic.ts";
import { startsIn } from "./untold.ts";

/** What is told of a cursor. */
export interface Follower extends Member {
  /** The start has been found, and the cursor stands there. */
  started(cursor: Cursor): void;
  /** The cursor is where the live stream is: from here on frames come from there. */
  caughtUp(cursor: Cursor, place: Place): void;
  /** The ticks after the cursor cannot be had, for the reason given. */
  fellOff(cursor: Cursor, reason: string): void;
  /** What the cursor has made of the ticks before it is not right any more: another has to start there. */
  outdated(cursor: Cursor): void;
}

export interface CursorOptions extends Sources {
  /** The cohort to which the follower comes back. */
  readonly cohort: Cohort;
  readonly follower: Follower;
  readonly start: Start;
  /** Times as fast as recorded; 0 is as fast as the client reads. */
  readonly speed: number;
  /** Symbols that the follower has been told of, unless it is told of all of them when it starts. */
  readonly symbols?: number | undefined;
  /** Corrections up to this seq of which it has been told (those up to the start). */
  readonly told?: number | undefined;
}

/** Ticks that one reading takes: between two readings others have their turn. */
const TICKS_MAX = 1_000;
/** While the start is looked for nobody is sent anything. */
const SEEK_MAX = 10_000;

/**
 * One client's own place on the tape: resume, replay and catching up are this. What it reads goes through
 * a cohort of its own, and so the same way as what is live.
 */
export class Cursor {
  readonly cohort: Cohort;
  readonly #options: CursorOptions;
  readonly #own: Cohort;
  /** The market as it was, where the channel needs more than the tick itself. */
  readonly #replay: Replay | undefined;
  /** The tape has been read through here. */
  #seq: number;
  #started = false;
  #read: TapedTick[] = [];
  /** Symbols of which the bar before the first tick has been sent. */
  readonly #resumed = new Set<string>();
  /** What the last step has cost, about in ticks that were looked at. */
  #effort = 0;
  readonly #pace: Pace;
  /** Of bars that were given up to here nobody has to be told. */
  readonly #givenKnown: number;

  constructor(options: CursorOptions) {
    const { cohort, start, speed, tape } = options;
    const { channel } = cohort.subscription;
    this.cohort = cohort;
    this.#options = options;
    this.#pace = new Pace(speed);
    if (needsState(cohort.subscription, speed)) {
      const time = start.kind === "time" ? start.time : timeAt(tape, start.seq);
      this.#replay = new Replay(options, cohort, time);
    }
    this.#givenKnown = start.kind === "time" || this.#replay ? tape.head : start.seq;
    if (this.#replay !== undefined) this.#seq = tape.before(this.#replay.since);
    else this.#seq = start.kind === "time" ? tape.before(start.time) : start.seq;
    const { sub, subscription, numbering } = cohort;
    this.#own = new Cohort(sub, channelName(channel), subscription, this.#scene(), numbering);
    const isThere = start.kind === "seq" && this.#seq >= start.seq && !this.#isAhead;
    if (isThere && !this.#missesGiven) this.#begin(start.seq);
  }

  /** `seq` of the last frame that the client has received, or the place where the cursor started. */
  get seq(): number {
    const { follower, start } = this.#options;
    if (this.#started) return this.#own.placeOf(follower).seq;
    return start.kind === "seq" ? start.seq : this.#seq;
  }

  /** What the last step has cost, about in ticks that were looked at. */
  get effort(): number {
    return this.#effort;
  }

  get speed(): number {
    return this.#pace.speed;
  }

  get paused(): boolean {
    return this.#pace.paused;
  }

  /** The state of then, if this is a replay that has one. */
  get replayed(): Scene {
    return this.#replay?.market ?? NOTHING;
  }

  /** The tape cannot be read here. */
  fail(reason: string): void {
    this.#options.follower.fellOff(this, reason);
  }

  /** @returns whether this cursor can go on at that speed; if not, another has to start where it is */
  setSpeed(speed: number, now: number): boolean {
    if (needsState(this.cohort.subscription, speed) !== (this.#replay !== undefined)) return false;
    this.#pace.setSpeed(speed, now);
    return true;
  }

  pause(now: number): void {
    this.#pace.pause(now);
  }

  resume(now: number): void {
    this.#pace.resume(now);
  }

  /**
   * Reads on and sends what is due.
   * @returns when to call again; `undefined` when there is nothing to do until something changes
   */
  step(now: number, fragments: Fragments): number | undefined {
    const { tape, follower } = this.#options;
    this.#effort = 0;
    if (this.#isAhead) return this.#wait(now);
    if (this.#missesGiven) return void this.fail("Bars were given since, which are no ticks");
    if (!this.#started) {
      this.#seek();
      return now;
    }
    // A client that reads again is told what it has missed, or gets it.
    if (follower.full) return now;
    if (this.paused) return this.#own.flush(now, fragments);
    if ((this.#read[0]?.seq ?? this.#seq + 1) <= tape.tail) {
      follower.fellOff(this, "The ticks that came next are no longer kept");
      return undefined;
    }
    if (this.#read.length === 0 && !this.#own.owes) this.#readOn();
    const next = this.#play(now);
    if (this.#read.length === 0 && this.#seq >= tape.head) this.#closeBars();
    const owed = this.#own.flush(now, fragments);
    if (this.#read.length === 0 && this.#seq >= tape.head && !this.#own.owes) {
      follower.caughtUp(this, { ...this.#own.placeOf(follower), seq: this.#own.seq });
      return undefined;
    }
    return owed ?? next ?? now;
  }

  /** Whether bars were given that the follower does not know, and that nobody tells it of by ticks. */
  get #missesGiven(): boolean {
    const { market, cohort: { subscription, symbols } } = this.#options;
    if (subscription.channel.kind === "tick" || market.given.last <= this.#givenKnown) return false;
    return symbols.values().some((symbol) => market.given.seqOf(symbol) > this.#givenKnown);
  }

  /** Takes note of a correction that counts from now on. */
  correct(correction: TapedCorrection): void {
    if (!this.cohort.subscription.selection.matches(correction.symbol)) return;
    this.#read = this.#read.filter((tick) => !cancels(correction, tick));
    // One that has not started yet finds it on the tape.
    if (!this.#started) return;
    if (this.#replay !== undefined) return this.#options.follower.outdated(this);
    this.#own.correct(correction, startsIn(this.cohort.subscription.channel, correction));
  }

  /** The last correction of which the client has been told. */
  get told(): number {
    const { told = 0, follower } = this.#options;
    return this.#started ? this.#own.placeOf(follower).told : told;
  }

  /** Whether the place to start from is not there yet. */
  get #isAhead(): boolean {
    const { start, tape } = this.#options;
    return !this.#started && start.kind === "seq" && start.seq > tape.head;
  }

  #wait(now: number): number | undefined {
    const { start, follower } = this.#options;
    if (start.kind === "seq" && now < (start.until ?? -Infinity)) return now;
    follower.fellOff(this, IN_THE_FUTURE);
    return undefined;
  }

  /** At the head, bars that the clock has closed meanwhile are closed for this client too. */
  #closeBars(): void {
    const { channel } = this.cohort.subscription;
    if (channel.kind !== "bar") return;
    const { interval } = channel;
    for (const symbol of this.#own.symbols) {
      const bar = this.#options.market.newestBar(symbol, interval);
      if (bar === undefined || !bar.closed) continue;
      if (this.#replay === undefined) this.#resumeBar(symbol, bar.time + 1);
      else if (this.#replay.market.closeBar(symbol, interval)) this.#own.addClosed(bar);
    }
  }

  /**
   * Sends, once for a symbol, the bar before a time. A client that resumes may have seen it forming, and
   * whether the clock closed it in its absence is not on the tape.
   */
  #resumeBar(symbol: string, before: number): void {
    const { channel } = this.cohort.subscription;
    if (channel.kind !== "bar" || this.#replay !== undefined || this.#resumed.has(symbol)) return;
    this.#resumed.add(symbol);
    const { market, archive } = this.#options;
    const range = { to: before, limit: 1 };
    const [bar] = readBars(market, archive, symbol, channel.interval, range);
    if (bar !== undefined) this.#own.addClosed(bar);
  }

  /** Looks for the start, a part of the tape at a time, and brings the replay's state there. */
  #seek(): void {
    const { tape, start } = this.#options;
    if (this.#replay === undefined && start.kind === "time") return this.#seekTime(start.time);
    const slice = tape.first({ symbols: this.#symbols(), after: this.#seq, limit: SEEK_MAX });
    this.#effort = slice.effort;
    for (const tick of slice.ticks) {
      const found = start.kind === "seq" ? tick.seq > start.seq : tick.time >= start.time;
      if (found) return this.#begin(start.kind === "seq" ? start.seq : tick.seq - 1);
      this.#replay?.bringUp(tick);
    }
    this.#seq = slice.seq;
    const end = start.kind === "seq" ? Math.min(start.seq, tape.head) : tape.head;
    if (this.#seq >= end) this.#begin(end);
  }

  /** What was before need not be known. */
  #seekTime(from: number): void {
    const { tape } = this.#options;
    const slice = tape.first({ symbols: this.#symbols(), after: this.#seq, from, limit: 1 });
    this.#effort = slice.effort;
    const [first] = slice.ticks;
    this.#seq = slice.seq;
    if (first !== undefined) this.#begin(first.seq - 1);
    else if (this.#seq >= tape.head) this.#begin(tape.head);
  }

  #begin(seq: number): void {
    const { follower, cohort } = this.#options;
    this.#seq = seq;
    this.#started = true;
    this.#replay?.market.restore({ seq, instruments: [], newest: [], bars: [] });
    for (const symbol of cohort.symbols) this.#own.attach(symbol);
    this.#own.join(follower, -Infinity, {
      seq,
      symbols: this.#options.symbols ?? cohort.numbering.symbols.length,
      told: this.#options.told ?? seq,
    });
    this.#own.startAt(seq);
    follower.started(this);
    this.#tellCorrections(seq);
  }

  /** A client that has been here before may have what was taken back since. */
  #tellCorrections(seq: number): void {
    const { tape, start, told = seq } = this.#options;
    if (start.kind === "time") return;
    const { selection, channel } = this.cohort.subscription;
    for (const correction of tape.corrections(Math.max(seq, told))) {
      if (!selection.matches(correction.symbol)) continue;
      this.#own.correct(correction, startsIn(channel, correction, this.#replay?.market));
    }
  }

  #readOn(): void {
    const query = { symbols: this.#symbols(), after: this.#seq, limit: TICKS_MAX };
    const { ticks, seq, effort } = this.#options.tape.first(query);
    this.#read = ticks;
    this.#seq = seq;
    this.#effort = effort;
  }

  /** @returns when the next tick is due */
  #play(now: number): number | undefined {
    const { channel } = this.cohort.subscription;
    let played = 0;
    for (const tick of this.#read) {
      const due = this.#pace.dueAt(tick.time, now);
      if (due > now) {
        this.#read = this.#read.slice(played);
        return due;
      }
      this.#own.attach(tick.symbol);
      if (channel.kind === "bar") {
        this.#resumeBar(tick.symbol, startOf(channel.interval, tick.time));
      }
      this.#replay?.market.apply(tick);
      this.#own.add(tick);
      played++;
    }
    this.#read = [];
    return undefined;
  }

  #symbols(): ReadonlySet<string> | undefined {
    const { selection } = this.cohort.subscription;
    if (selection.isAll) return undefined;
    return new Set(selection.resolve(this.#options.market.catalogue).symbols);
  }

  #scene(): Scene {
    if (this.#replay !== undefined) return this.#replay.market;
    const { market, archive } = this.#options;
    return present(market, archive, () => this.#seq);
  }
}
