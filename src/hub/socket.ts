/**
 * One open connection as the hub sees it. Check `buffered` before every `send`: for a client that
 * does not read, Deno buffers without limit and Bun drops data without an error.
 */
export interface Socket {
  /** Bytes passed to `send` that have not reached the network. */
  readonly buffered: number;
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** Why the server closes a connection. PROTOCOL.md says for each code whether to reconnect. */
export const CloseCode = {
  restart: 1012,
  badRequest: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  tooSlow: 4408,
  tooMany: 4429,
} as const;

export type CloseCode = typeof CloseCode[keyof typeof CloseCode];
