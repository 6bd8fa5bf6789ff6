/** What a client has received: the seq of its last frame, its symbols and its corrections. */
export interface Place {
  readonly seq: number;
  readonly symbols: number;
  /** `seq` of the last correction. */
  readonly told: number;
}

/** The reading place of one or more members of a cohort. */
export interface Reader {
  seq: number;
  symbols: number;
  told: number;
  updates: number;
  /** The earliest time of the next frame. */
  dueAt: number;
}
