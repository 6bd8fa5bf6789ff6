/** Why a tape or its log cannot be used, in words for the operator. */
export class TapeError extends Error {}

/** There is no room for more ticks; reading goes on. */
export class TapeFull extends TapeError {}
