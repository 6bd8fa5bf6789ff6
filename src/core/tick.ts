/** One observation of one symbol. Times are milliseconds since the Unix epoch, with fractions. */
export interface Tick {
  readonly symbol: string;
  readonly time: number;
  readonly price: number;
  /** How much was traded at this price; `null` when unknown. Never negative. */
  readonly size: number | null;
  readonly bid: number | null;
  readonly ask: number | null;
}

/** A tick with its place on the tape. `seq` is a positive integer that only grows. */
export interface TapedTick extends Tick {
  readonly seq: number;
}

/** Long enough for the tags that agents send, including the name of the measurement. */
export const SYMBOL_LENGTH_MAX = 255;

/** A spreadsheet reads a cell that begins with `=`, `-` or `@` as a formula, so no symbol may. */
export const SYMBOL = /^[A-Za-z0-9._:/^][A-Za-z0-9._:/^=-]{0,254}$/;
const SPELLED = /^[A-Za-z0-9._:/^=-]{1,255}$/;

/** Whether a text is a valid symbol: 1–255 of `A-Z a-z 0-9 . _ : / ^ = -`, not `=` or `-` first. */
export function isSymbol(text: string): boolean {
  return SYMBOL.test(text);
}

/** Whether a tape can contain the symbol. On old tapes symbols may begin with `=` or `-`. */
export function isSpelled(text: string): boolean {
  return SPELLED.test(text);
}

/** The fault of a symbol, as the end of a sentence; `undefined` if it is valid. */
export function symbolFault(text: string): string | undefined {
  if (isSymbol(text)) return undefined;
  if (text === "") return "a symbol is not empty";
  if (/\s/.test(text)) return "a symbol has no spaces";
  if (text.length > SYMBOL_LENGTH_MAX) {
    return `a symbol has at most ${SYMBOL_LENGTH_MAX} characters`;
  }
  if (/^[=@-]/.test(text)) return "a symbol does not begin with = - or @";
  return "a symbol is made of A-Z a-z 0-9 . _ : / ^ = -";
}
