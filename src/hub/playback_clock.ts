/** Maps recorded time to the clock at a playback speed. */
export class PlaybackClock {
  #speed: number;
  #paused = false;
  /** A clock time and the recorded time that is played then. */
  #at: { clock: number; time: number } | undefined;

  /** @param speed a multiple of recorded time; 0 is as fast as the client reads */
  constructor(speed: number) {
    this.#speed = speed;
  }

  get speed(): number {
    return this.#speed;
  }

  get paused(): boolean {
    return this.#paused;
  }

  setSpeed(speed: number, now: number): void {
    this.#hold(now);
    this.#speed = speed;
  }

  pause(now: number): void {
    this.#hold(now);
    this.#paused = true;
  }

  resume(now: number): void {
    if (this.#at !== undefined) this.#at.clock = now;
    this.#paused = false;
  }

  /** The clock time at which a recorded time is due. */
  dueAt(time: number, now: number): number {
    if (this.#speed === 0) return now;
    // The first tick is due at once.
    this.#at ??= { clock: now, time };
    return this.#at.clock + (time - this.#at.time) / this.#speed;
  }

  #hold(now: number): void {
    if (this.#at === undefined || this.#paused) return;
    const { clock, time } = this.#at;
    this.#at = this.#speed === 0
      ? undefined
      : { clock: now, time: time + (now - clock) * this.#speed };
  }
}
