// A stream that can be taken to any moment of the tape, and back to the present.

/** @import { ClientError, Correction, Handlers, Reply, Row, Stream, StreamRequest } from "./frames.js" */

/**
 * What is shown instead of the present: the market at a time, from where it is played on.
 * @typedef {object} Moment
 * @property {number} time
 * @property {number} speed times as fast as recorded
 * @property {boolean} isPaused
 * @property {() => number | undefined} [shown] the time that is shown now, when it is played
 */

/**
 * What uses of the client there are.
 * @typedef {object} Source
 * @property {(request: StreamRequest, handlers: Handlers) => Pick<Stream, "close" | "update">} subscribe
 */

/**
 * @typedef {object} MomentHandlers
 * @property {(reply: Reply, moment: Moment | undefined) => void} onReply
 * @property {(rows: readonly Row[]) => void} onRows
 * @property {(error: ClientError) => void} onError
 * @property {(correction: Correction, isLive: boolean) => void} [onCorrected] what is shown of the past comes
 *   anew by itself
 * @property {(reason: string) => void} [onLost] the moment is no longer on the tape; it is live now
 */

/**
 * A moment is nothing but a cursor: the subscription stays, and its cursor is set. One seek is on its way
 * at a time, and the newest wish is the next one, so that dragging never runs ahead of the server.
 */
export class MomentStream {
  #source;
  #request;
  #handlers;
  /** @type {Pick<Stream, "close" | "update">} */
  #stream;
  /** What is shown, or will be when the answer is there. @type {Moment | undefined} */
  #moment;
  #isSeeking = false;
  /** The time that was sought last. */
  #sought = NaN;
  /** A wish that came while a seek was on its way. */
  #isStale = false;
  /** Counts the streams, so that one that was left has nothing more to say. */
  #count = 0;

  /**
   * @param {Source} source
   * @param {StreamRequest} request
   * @param {MomentHandlers} handlers
   * @param {Moment} [moment]
   */
  constructor(source, request, handlers, moment) {
    this.#source = source;
    this.#request = request;
    this.#handlers = handlers;
    this.#stream = this.#open();
    if (moment !== undefined) this.show(moment);
  }

  /** @param {Moment | undefined} moment */
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

  /** Goes to where a moment is by now. @param {Moment} moment */
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
      // What comes before a seek is answered is of another time.
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
    // The cursor fell off the tape, or the tape is another one.
    if (this.#moment !== undefined && !reply.recovered) {
      this.#moment = undefined;
      this.#handlers.onLost?.(reply.reason ?? "");
    }
    const moment = this.#moment && { ...this.#moment, time: this.#sought };
    this.#handlers.onReply(reply, moment);
  }

  /** What has been shown of the past may have been made of what was taken back. @param {Correction} correction */
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
