import type { MiddlewareHandler } from "hono";
import { parsePosition } from "../../tape/tape.ts";
import { HttpError } from "../http_error.ts";

export interface PositionsOptions {
  readonly tape: { readonly epoch: string; readonly head: number };
  /** Milliseconds to wait for a position that another replica may have reached already. */
  readonly waitMs: number;
  elapsed(): number;
  sleep(ms: number): Promise<void>;
}

const PAUSE_MS = 10;
const RETRY_SECONDS = 1;

/** Delays a request until this server has reached the position in `at` or `after`. */
export function awaitPositions(options: PositionsOptions): MiddlewareHandler {
  const { tape, waitMs, elapsed, sleep } = options;
  return async (c, next) => {
    const at = c.req.query("at");
    const seq = Math.max(at ? seqAt(at, tape.epoch) : 0, seqAfter(c.req.query("after")));
    const until = elapsed() + waitMs;
    while (tape.head < seq && elapsed() < until) await sleep(PAUSE_MS);
    if (at && tape.head < seq) {
      const detail = `Cannot answer at ${at}: the server is at ${tape.epoch}:${tape.head}`;
      throw new HttpError(503, "behind", detail, RETRY_SECONDS);
    }
    return await next();
  };

  /** An invalid `after` is 0 here, because the routes refuse it. */
  function seqAfter(text: string | undefined): number {
    const position = parsePosition(text ?? "");
    return position?.epoch === tape.epoch ? position.seq : 0;
  }
}

/** @throws {HttpError} */
function seqAt(text: string, epoch: string): number {
  const position = parsePosition(text);
  if (position === undefined) {
    throw new HttpError(400, "bad_at", `Cannot use at ${JSON.stringify(text)}: it is no position`);
  }
  if (position.epoch === epoch) return position.seq;
  throw new HttpError(410, "gone", `Cannot answer at ${text}: the epoch is now ${epoch}`);
}
