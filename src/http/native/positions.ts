import type { MiddlewareHandler } from "hono";
import { parsePosition } from "../../tape/tape.ts";
import { HttpError } from "../http_error.ts";

export interface PositionsOptions {
  readonly tape: { readonly epoch: string; readonly head: number };
  /** How long a position is waited for that is not there yet: another replica may have got there before. */
  readonly waitMs: number;
  elapsed(): number;
  sleep(ms: number): Promise<void>;
}

const PAUSE_MS = 10;
const RETRY_SECONDS = 1;

/** Lets a request wait until what it names with `at` or `after` is on the tape here. */
export function awaitPositions(options: PositionsOptions): MiddlewareHandler {
  const { tape, waitMs, elapsed, sleep } = options;
  return async (c, next) => {
    const at = c.req.query("at");
    const seq = Math.max(at ? seqAt(at, tape.epoch) : 0, seqAfter(c.req.query("after")));
    for (const until = elapsed() + waitMs; tape.head < seq; await sleep(PAUSE_MS)) {
      if (elapsed() < until) continue;
      if (!at) break;
      const detail = `Cannot answer at ${at}: the server is at ${tape.epoch}:${tape.head}`;
      throw new HttpError(503, "behind", detail, RETRY_SECONDS);
    }
    return await next();
  };

  /** The routes themselves say what is wrong with it. */
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
