/** What an error of NATS means for its caller. */
export type NatsFault = "conflict" | "disabled" | "forbidden" | "full" | "missing" | "unreachable";

/**
 * The codes and names of errors. `instanceof` would load the packages of NATS, which the default
 * log does not need. The numbers are those of the server:
 * https://github.com/nats-io/nats-server/blob/main/server/errors.json
 */
const SIGNS: Readonly<Record<NatsFault, readonly unknown[]>> = {
  /** A value has changed since it was read, or exists already. */
  conflict: [10_071, 10_164],
  disabled: ["JetStreamNotEnabled", 10_039, 10_076],
  forbidden: ["PermissionViolationError"],
  full: [10_023, 10_028, 10_047, 10_077, 10_122],
  missing: [10_059],
  /** The servers are down, busy, or are still forming the cluster. */
  unreachable: [
    ...["TimeoutError", "NoResponders", "ClosedConnectionError"],
    ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH"],
    ...[503, 10_004, 10_005, 10_008],
  ],
};

/**
 * Recognises an error of NATS by the code or the name of the error, or of its cause.
 * @returns `undefined` if it is another one
 * @throws the error itself if our own code is wrong
 */
export function natsFaultOf(error: unknown): NatsFault | undefined {
  if (error instanceof TypeError || error instanceof RangeError) throw error;
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code, name, message } = each as Error & { code?: unknown };
    const found = Object.entries(SIGNS).find(([, all]) => all.includes(code) || all.includes(name));
    if (found !== undefined) return found[0] as NatsFault;
    // With several servers this error has no code and no cause.
    if (name === "ConnectionError" && message === "connection refused") return "unreachable";
  }
  return undefined;
}
