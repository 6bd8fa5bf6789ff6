/** What a client has been told: the seq of its last frame, how many symbols by number, and which corrections. */
export interface Place {
  readonly seq: number;
  readonly symbols: number;
  /** The seq of the last correction. */
  readonly told: number;
}

/** How far somebody in a cohort has read. */
export interface Reader {
  seq: number;
  symbols: number;
  told: number;
  updates: number;
  /** No frame before this time. */
  dueAt: number;
}
