export interface ClientErrorOptions {
  /** The request that failed, as its protocol knows it again. */
  readonly id?: unknown;
  /** Milliseconds after which the same request may succeed. */
  readonly retryAfter?: number | undefined;
}

/** What a client did wrong. The code is for programs, the message for people. */
export class ClientError extends Error {
  readonly code: string;
  readonly id: unknown;
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, options: ClientErrorOptions = {}) {
    super(message);
    this.code = code;
    this.id = options.id;
    this.retryAfter = options.retryAfter;
  }

  /** The same, of a request that was not known where it failed. */
  of(id: unknown): ClientError {
    const { code, message, retryAfter } = this;
    return new ClientError(code, message, { id, retryAfter });
  }
}
