/**
 * One open connection as the hub sees it. Look at `buffered` before every `send`: one runtime buffers
 * without end for a client that does not read, another drops in silence.
 */
export interface Socket {
  /** Bytes handed to `send` that have not reached the network. */
  readonly buffered: number;
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** Why the server closes a connection. PROTOCOL.md says for each code whether to come back. */
export const CloseCode = {
  restart: 1012,
  badRequest: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  tooSlow: 4408,
  tooMany: 4429,
} as const;

export type CloseCode = typeof CloseCode[keyof typeof CloseCode];
