export interface ClientErrorOptions {
  /** The request that failed, as the client numbered it. */
  readonly id?: string | number | undefined;
  /** Milliseconds after which the same request may succeed. */
  readonly retryAfter?: number | undefined;
}

/** What a client did wrong. The code is for programs, the message for people. */
export class ClientError extends Error {
  readonly code: string;
  readonly id: string | number | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, options: ClientErrorOptions = {}) {
    super(message);
    this.code = code;
    this.id = options.id;
    this.retryAfter = options.retryAfter;
  }
}
