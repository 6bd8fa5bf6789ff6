export interface ClientErrorOptions {
  /** The id of the failed request in its protocol. */
  readonly id?: unknown;
  /** Milliseconds after which the same request may succeed. */
  readonly retryAfter?: number | undefined;
}

/** An error that the client made. The code is for programs, the message for people. */
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

  /** The same error with the id of its request. */
  of(id: unknown): ClientError {
    const { code, message, retryAfter } = this;
    return new ClientError(code, message, { id, retryAfter });
  }
}
