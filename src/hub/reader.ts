/** What a client has received: the seq of its last frame, its symbols and its corrections. */
export interface Place {
  readonly seq: number;
  readonly symbols: number;
  /** `seq` of the last correction. */
  readonly told: number;
}

/** What a client knows before its cursor starts. */
export interface Knowledge {
  /** Number of symbols; absent if the client gets all of them at the start. */
  readonly symbols?: number | undefined;
  /** `seq` of the last correction; by default the start. */
  readonly told?: number | undefined;
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
