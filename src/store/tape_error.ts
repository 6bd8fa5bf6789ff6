/** A tape or its log cannot be used. The message is for the operator. */
export class TapeError extends Error {}

/** There is no space for more ticks; reads still work. */
export class TapeFull extends TapeError {}

/** The log cannot be reached; the write may be tried again. */
export class LogUnavailable extends TapeError {}
