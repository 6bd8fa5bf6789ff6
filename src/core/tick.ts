/** One observation of one symbol. Times are milliseconds since the Unix epoch, UTC, and may have a fraction. */
export interface Tick {
  readonly symbol: string;
  readonly time: number;
  readonly price: number;
  /** How much was traded at this price; `null` when unknown. Never negative. */
  readonly size: number | null;
  readonly bid: number | null;
  readonly ask: number | null;
}

/** A tick that has its place on the tape: `seq` is a positive integer that only grows. */
export interface TapedTick extends Tick {
  readonly seq: number;
}

export const SYMBOL_LENGTH_MAX = 64;

export const SYMBOL = /^[A-Za-z0-9._:/^=-]{1,64}$/;

/** Whether the text can name an instrument: 1–64 of `A-Z a-z 0-9 . _ : / ^ = -`. */
export function isSymbol(text: string): boolean {
  return SYMBOL.test(text);
}

/** What is wrong with a symbol, as the end of a sentence; `undefined` when nothing is. */
export function symbolFault(text: string): string | undefined {
  if (isSymbol(text)) return undefined;
  if (text === "") return "a symbol is not empty";
  if (/\s/.test(text)) return "a symbol has no spaces";
  if (text.length > SYMBOL_LENGTH_MAX) {
    return `a symbol has at most ${SYMBOL_LENGTH_MAX} characters`;
  }
  return "a symbol is made of A-Z a-z 0-9 . _ : / ^ = -";
}
