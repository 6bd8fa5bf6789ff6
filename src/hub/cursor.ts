import { startOf } from "../core/interval.ts";
import { cancels, type TapedCorrection } from "../core/correction.ts";
import type { TapedTick } from "../core/tick.ts";
import { readBars } from "../tape/bars.ts";
import { Cohort, type Member } from "./cohort.ts";
import type { FragmentCache } from "./fragment_cache.ts";
import { PlaybackClock } from "./playback_clock.ts";
import type { Knowledge, Place } from "./reader.ts";
import { needsState, Replay, type Sources, timeAt } from "./replay.ts";
import { EMPTY_VIEW, liveView, type MarketView } from "./market_view.ts";
import { IN_THE_FUTURE, type StartPosition } from "./start_position.ts";
import { channelName } from "./topic.ts";
import { startsIn } from "./pending_corrections.ts";

/** The owner of a cursor; the cursor reports to it. */
export interface Follower extends Member {
  /** The cursor has found its start. */
  started(cursor: Cursor): void;
  /** The cursor has reached the live stream, which sends the next frames. */
  caughtUp(cursor: Cursor, place: Place): void;
  /** The cursor cannot read the ticks that follow. */
  fellOff(cursor: Cursor, reason: string): void;
  /** A correction changed ticks that the cursor applied. A new cursor must start at its place. */
  outdated(cursor: Cursor): void;
}

export interface CursorOptions extends Sources, Knowledge {
  /** The cohort that the follower joins at the head of the tape. */
  readonly cohort: Cohort;
  readonly follower: Follower;
  readonly start: StartPosition;
  /** A multiple of recorded time; 0 is as fast as the client reads. */
  readonly speed: number;
}

/** Most ticks in one read. Other cursors take their turn between two reads. */
const TICKS_MAX = 1_000;
/** Most ticks in one read while looking for the start, where nothing is sent. */
const SEEK_MAX = 10_000;

/**
 * One client's own place on the tape, for resume, replay and catching up. It sends its ticks
 * through a cohort of its own, so they take the same path as live ticks.
 */
export class Cursor {
  readonly cohort: Cohort;
  readonly #options: CursorOptions;
  readonly #own: Cohort;
  /** The past market, if the channel needs more than single ticks. */
  readonly #replay: Replay | undefined;
  /** `seq` of the last entry that was read. */
  #seq: number;
  #started = false;
  #read: TapedTick[] = [];
  /** Symbols whose bar before the first tick was sent. */
  readonly #resumed = new Set<string>();
  /** Cost of the last step, roughly the number of ticks examined. */
  effort = 0;
  readonly #pace: PlaybackClock;
  /** `seq` up to which the follower knows the imported bars. */
  readonly #givenKnown: number;

  constructor(options: CursorOptions) {
    const { cohort, start, speed, tape } = options;
    this.cohort = cohort;
    this.#options = options;
    this.#pace = new PlaybackClock(speed);
    if (needsState(cohort.subscription, speed)) {
      const time = start.kind === "time" ? start.time : timeAt(tape, start.seq);
      this.#replay = new Replay(options, cohort, time);
    }
    this.#givenKnown = start.kind === "time" || this.#replay ? tape.head : start.seq;
    if (this.#replay !== undefined) this.#seq = tape.before(this.#replay.since);
    else this.#seq = start.kind === "time" ? tape.before(start.time) : start.seq;
    const { sub, subscription, symbolNumbers } = cohort;
    const key = channelName(subscription.channel);
    this.#own = new Cohort(sub, key, subscription, this.#view(), symbolNumbers);
  }

  /** Starts at once if there is nothing to look for; otherwise `step` looks for the start. */
  begin(): void {
    const { start } = this.#options;
    const isThere = start.kind === "seq" && this.#seq >= start.seq && !this.#isAhead;
    if (isThere && !this.#missesGiven) this.#startAt(start.seq);
  }

  /** `seq` of the client's last frame, or of the start. */
  get seq(): number {
    const { follower, start } = this.#options;
    if (this.#started) return this.#own.placeOf(follower).seq;
    return start.kind === "seq" ? start.seq : this.#seq;
  }

  /** Where another cursor must start to take the place of this one. */
  get start(): StartPosition {
    return this.#started ? { kind: "seq", seq: this.seq } : this.#options.start;
  }

  get speed(): number {
    return this.#pace.speed;
  }

  get paused(): boolean {
    return this.#pace.paused;
  }

  /** The past market of a replay; empty if there is none. */
  get replayed(): MarketView {
    return this.#replay?.market ?? EMPTY_VIEW;
  }

  /** Ends the cursor because the tape cannot be read. */
  fail(reason: string): void {
    this.#options.follower.fellOff(this, reason);
  }

  /** Whether this cursor can continue at that speed; if not, a new one must replace it. */
  canPlayAt(speed: number): boolean {
    return needsState(this.cohort.subscription, speed) === (this.#replay !== undefined);
  }

  setSpeed(speed: number, now: number): void {
    this.#pace.setSpeed(speed, now);
  }

  pause(now: number): void {
    this.#pace.pause(now);
  }

  resume(now: number): void {
    this.#pace.resume(now);
  }

  /**
   * Reads on and sends the frames that are due.
   * @returns when to call again; `undefined` when there is nothing to do until `wake`
   */
  step(now: number, fragments: FragmentCache): number | undefined {
    const { tape, follower } = this.#options;
    this.effort = 0;
    if (this.#isAhead) return this.#wait(now);
    if (this.#missesGiven) return void this.fail("Bars were imported after that position");
    if (!this.#started) {
      this.#seek();
      return now;
    }
    // If the client reads again, it then gets the missed ticks or an error.
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

  /** Whether bars were imported that the follower does not know and the tape does not contain. */
  get #missesGiven(): boolean {
    const { market, cohort: { subscription, symbols } } = this.#options;
    if (subscription.channel.kind === "tick" || market.given.last <= this.#givenKnown) return false;
    return symbols.values().some((symbol) => market.given.seqOf(symbol) > this.#givenKnown);
  }

  /** Applies a correction that has just taken effect. */
  correct(correction: TapedCorrection): void {
    if (!this.cohort.subscription.selection.matches(correction.symbol)) return;
    this.#read = this.#read.filter((tick) => !cancels(correction, tick));
    // A cursor that has not started will read the corrected tape.
    if (!this.#started) return;
    if (this.#replay !== undefined) return this.#options.follower.outdated(this);
    this.#own.correct(correction, startsIn(this.cohort.subscription.channel, correction));
  }

  /** Numbers of the symbols and corrections that the client knows. */
  get known(): Knowledge {
    return this.#started ? this.#own.placeOf(this.#options.follower) : this.#options;
  }

  /** Whether the start is after the head of the tape. */
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

  /** Closes, at the head, the bars that the clock has closed. */
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
   * Sends the bar before a time, once for each symbol. A client that resumes may have only the
   * forming bar, and the tape does not say whether the clock closed it since.
   */
  #resumeBar(symbol: string, before: number): void {
    const { channel } = this.cohort.subscription;
    if (channel.kind !== "bar" || this.#replay !== undefined || this.#resumed.has(symbol)) return;
    this.#resumed.add(symbol);
    const { market, tape } = this.#options;
    const range = { to: before, limit: 1 };
    const [bar] = readBars(market, tape, symbol, channel.interval, range);
    if (bar !== undefined) this.#own.addClosed(bar);
  }

  /** Looks for the start in one slice of the tape, and applies the slice to the replay's market. */
  #seek(): void {
    const { tape, start } = this.#options;
    if (this.#replay === undefined && start.kind === "time") return this.#seekTime(start.time);
    const slice = tape.first({ symbols: this.#symbols(), after: this.#seq, limit: SEEK_MAX });
    this.effort = slice.effort;
    for (const tick of slice.ticks) {
      const found = start.kind === "seq" ? tick.seq > start.seq : tick.time >= start.time;
      if (found) return this.#startAt(start.kind === "seq" ? start.seq : tick.seq - 1);
      this.#replay?.bringUp(tick);
    }
    this.#seq = slice.seq;
    const end = start.kind === "seq" ? Math.min(start.seq, tape.head) : tape.head;
    if (this.#seq >= end) this.#startAt(end);
  }

  /** Looks for the first tick from a time on, without any state. */
  #seekTime(from: number): void {
    const { tape } = this.#options;
    const slice = tape.first({ symbols: this.#symbols(), after: this.#seq, from, limit: 1 });
    this.effort = slice.effort;
    const [first] = slice.ticks;
    this.#seq = slice.seq;
    if (first !== undefined) this.#startAt(first.seq - 1);
    else if (this.#seq >= tape.head) this.#startAt(tape.head);
  }

  #startAt(seq: number): void {
    const { follower, cohort, told = seq } = this.#options;
    const { symbols = cohort.symbolNumbers.symbols.length } = this.#options;
    this.#seq = seq;
    this.#started = true;
    this.#replay?.market.restore({ seq, instruments: [], newest: [], bars: [] });
    for (const symbol of cohort.symbols) this.#own.attach(symbol);
    this.#own.join(follower, -Infinity, { seq, symbols, told });
    this.#own.startAt(seq);
    follower.started(this);
    this.#tellCorrections(seq);
  }

  /** Sends the corrections since the last visit of the client, which may have wrong ticks. */
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
    this.effort = effort;
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

  #view(): MarketView {
    if (this.#replay !== undefined) return this.#replay.market;
    const { market, tape } = this.#options;
    return liveView(market, tape, () => this.#seq);
  }
}
