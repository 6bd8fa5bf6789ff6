/** What a client has been told: the seq of its last frame, and how many symbols by number. */
export interface Place {
  readonly seq: number;
  readonly symbols: number;
}

/** How far somebody in a cohort has read. */
export interface Reader {
  seq: number;
  symbols: number;
  updates: number;
  /** No frame before this time. */
  dueAt: number;
}
