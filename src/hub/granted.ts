import { ClientError } from "./client_error.ts";
import type { Limits } from "./limits.ts";
import type { Known } from "./topic.ts";
import type { Subscription } from "./wire.ts";

/**
 * Applies the limits to a subscription.
 * @throws {ClientError} beyond a limit or for an impossible symbol
 */
export function granted(
  asked: Subscription,
  { patternsMax, everyMsMax, flushMs }: Limits,
  known: Known,
): Subscription {
  const { patterns } = asked.selection;
  if (patterns.length > patternsMax) {
    throw new ClientError(
      "too_many_symbols",
      `Cannot subscribe to ${patterns.length} symbols at once: the limit is ${patternsMax}`,
    );
  }
  if (asked.every > everyMsMax) {
    throw new ClientError(
      "bad_every",
      `Cannot subscribe with every ${asked.every}: the limit is ${everyMsMax} ms`,
    );
  }
  asked.selection.check(known);
  return { ...asked, every: Math.max(asked.every, flushMs) };
}
