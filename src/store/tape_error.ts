/** Why a tape or its log cannot be used, in words for the operator. */
export class TapeError extends Error {}

/** There is no room for more ticks; reading goes on. */
export class TapeFull extends TapeError {}

/** The log cannot be reached; what was to be logged may be tried again. */
export class LogUnavailable extends TapeError {}
