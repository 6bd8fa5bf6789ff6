// A stream that can show any moment of the tape, or the present.

/** @import { ClientError, Correction, Handlers, Reply, Row, Stream, StreamRequest } from "./frames.js" */

/**
 * A moment that is shown instead of the present. Playback starts there.
 * @typedef {object} Playback
 * @property {number} time
 * @property {number} speed 1 is the speed of the recording
 * @property {boolean} isPaused
 * @property {() => number | undefined} [shown] the time that playback has reached
 */

/**
 * The part of the client that the page uses.
 * @typedef {object} Source
 * @property {(request: StreamRequest, handlers: Handlers) => Pick<Stream, "close" | "update">} subscribe
 */

/**
 * @typedef {object} PlaybackHandlers
 * @property {(reply: Reply, moment: Playback | undefined) => void} onReply
 * @property {(rows: readonly Row[]) => void} onRows
 * @property {(error: ClientError) => void} onError
 * @property {(correction: Correction, isLive: boolean) => void} [onCorrected] a stream that shows a moment
 *   seeks again by itself
 * @property {(reason: string) => void} [onLost] the tape no longer has the moment; the stream is live again
 */

/**
 * To show a moment, the stream moves the cursor of its subscription. Only one seek runs at a time and only
 * the newest wish follows it, so that dragging never runs ahead of the server.
 */
export class PlaybackStream {
  #source;
  #request;
  #handlers;
  /** @type {Pick<Stream, "close" | "update">} */
  #stream;
  /** The shown moment, or the requested one until the server answers. @type {Playback | undefined} */
  #moment;
  #isSeeking = false;
  /** The time of the last seek. */
  #sought = NaN;
  /** Whether another moment was requested during the seek. */
  #isStale = false;
  /** Numbers the streams, so that events of an old stream are ignored. */
  #count = 0;

  /**
   * @param {Source} source
   * @param {StreamRequest} request
   * @param {PlaybackHandlers} handlers
   * @param {Playback} [moment]
   */
  constructor(source, request, handlers, moment) {
    this.#source = source;
    this.#request = request;
    this.#handlers = handlers;
    this.#stream = this.#open();
    if (moment !== undefined) this.show(moment);
  }

  /** @param {Playback | undefined} moment */
  show(moment) {
    const before = this.#moment;
    this.#moment = moment;
    if (moment === undefined) {
      if (before === undefined) return;
      this.close();
      this.#stream = this.#open();
    } else if (this.#isSeeking) {
      this.#isStale = true;
    } else if (before !== undefined && before.time === moment.time) {
      const { speed, isPaused } = moment;
      this.#stream.update({ speed, pause: isPaused });
    } else {
      this.#seek(moment);
    }
  }

  close() {
    this.#count++;
    this.#isSeeking = this.#isStale = false;
    this.#stream.close();
  }

  /** Seeks the time that the moment has reached. @param {Playback} moment */
  #seek({ time, speed, isPaused, shown }) {
    this.#isSeeking = true;
    this.#sought = shown?.() ?? time;
    this.#stream.update({ seek: this.#sought, speed, pause: isPaused });
  }

  #open() {
    const count = ++this.#count;
    const isCurrent = () => count === this.#count;
    return this.#source.subscribe(this.#request, {
      onReply: (reply) => isCurrent() && this.#answered(reply),
      // Rows before the answer to a seek belong to the old moment.
      onRows: (rows) => isCurrent() && !this.#isSeeking && this.#handlers.onRows(rows),
      onError: (error) => isCurrent() && this.#refused(error),
      onCorrected: (correction) => isCurrent() && this.#corrected(correction),
    });
  }

  /** @param {Reply} reply */
  #answered(reply) {
    const isSeekAnswer = reply.op === "updated" && !reply.resumed;
    if (this.#isSeeking && !isSeekAnswer) return;
    if (isSeekAnswer) {
      this.#isSeeking = false;
      if (this.#isStale && this.#moment !== undefined) {
        this.#isStale = false;
        this.#seek(this.#moment);
      }
    }
    // The tape no longer has the position, or it has a new epoch.
    if (this.#moment !== undefined && !reply.recovered) {
      this.#moment = undefined;
      this.#handlers.onLost?.(reply.reason ?? "");
    }
    const moment = this.#moment && { ...this.#moment, time: this.#sought };
    this.#handlers.onReply(reply, moment);
  }

  /** Seeks again, because the shown past may contain cancelled ticks. @param {Correction} correction */
  #corrected(correction) {
    const moment = this.#moment;
    this.#handlers.onCorrected?.(correction, moment === undefined);
    if (moment === undefined) return;
    if (this.#isSeeking) this.#isStale = true;
    else this.#seek(moment);
  }

  /** @param {ClientError} error */
  #refused(error) {
    if (!this.#isSeeking) return this.#handlers.onError(error);
    this.show(undefined);
    this.#handlers.onLost?.(error.message);
  }
}
