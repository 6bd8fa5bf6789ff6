/** At which pace recorded time is played. */
export class Pace {
  #speed: number;
  #paused = false;
  /** When by the clock which recorded time is played. */
  #at: { clock: number; time: number } | undefined;

  /** @param speed times as fast as recorded; 0 is as fast as the client reads */
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

  /** When by the clock a recorded time is due. */
  dueAt(time: number, now: number): number {
    if (this.#speed === 0) return now;
    // The gap before the first tick is not waited out.
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
