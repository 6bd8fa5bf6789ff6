import { DAY_MS } from "../core/interval.ts";
import { SYMBOL_LENGTH_MAX, type Tick } from "../core/tick.ts";
import { LOOKS_LIKE_MS_MAX, LOOKS_LIKE_MS_MIN, parseIso } from "../core/time.ts";
import { middle } from "./records.ts";

/** ASCII bytes with a meaning in JSON. */
const QUOTE = 0x22, COMMA = 0x2c, MINUS = 0x2d, POINT = 0x2e, ZERO = 0x30, NINE = 0x39;
const COLON = 0x3a, OPEN_LIST = 0x5b, BACKSLASH = 0x5c, CLOSE_LIST = 0x5d;
const OPEN = 0x7b, CLOSE = 0x7d, BLANK = 0x20, TAB = 0x09, LINE_FEED = 0x0a, RETURN = 0x0d;
const EXPONENT = 0x65, EQUALS = 0x3d;

const bytesOf = (text: string) => new TextEncoder().encode(text);
const decoder = new TextDecoder();
const FIELDS = ["symbol", "price", "time", "size", "bid", "ask"].map((name) => bytesOf(`${name}"`));
const SYMBOL = 0, PRICE = 1, TIME = 2, SIZE = 3, BID = 4, ASK = 5, OTHER = 6;
const WORDS = ["null", "true", "false"].map(bytesOf);
const NULL = WORDS[0]!;

const SYMBOL_BYTES = new Uint8Array(256);
for (
  const byte of bytesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/^=-")
) {
  SYMBOL_BYTES[byte] = 1;
}

/** Powers of ten that a double holds exactly. Dividing two exact numbers rounds only once. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
/** Size of the symbol cache. */
const NAMES = 16_384;
/** Longest symbol, number or time. */
const TEXT_LENGTH_MAX = SYMBOL_LENGTH_MAX;
/** Records to read before a yield. */
const SLICE = 5_000;

/** The batch needs the reader of records, which is slower but also describes errors. */
class NotPlain extends Error {}
const notPlain = new NotPlain("Cannot read ticks: they are not plain");

/**
 * Reads plain ticks: JSON or NDJSON in ASCII, without escapes and nested values, each field at most once and
 * all of them valid. It creates no strings or objects except the ticks, which is up to twice as fast as
 * JSON.parse and checks for each record. https://www.rfc-editor.org/rfc/rfc8259
 */
export class PlainTicks {
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  #now = 0;
  /** Whether a record ends with its line (NDJSON). */
  #lines = false;
  /** Symbols by hash. Lookups elsewhere are faster with the same string for the same symbol. */
  readonly #names = new Array<string | undefined>(NAMES).fill(undefined);

  /**
   * Reads a whole batch and yields regularly, so that other work can run.
   * @returns the ticks; `undefined` if any of them is not plain
   */
  *read(
    bytes: Uint8Array,
    format: "json" | "ndjson",
    now: number,
  ): Generator<void, Tick[] | undefined> {
    const ticks: Tick[] = [];
    let at = 0;
    try {
      do {
        this.#bytes = bytes;
        this.#now = now;
        this.#lines = format === "ndjson";
        this.#at = at;
        const more = this.#slice(ticks, at === 0);
        at = this.#at;
        // Another batch may be read during the yield.
        this.#bytes = new Uint8Array();
        if (!more) return ticks;
        yield;
      } while (true);
    } catch (error) {
      if (error instanceof NotPlain) return undefined;
      throw error;
    }
  }

  /** @returns whether there is more to read */
  #slice(ticks: Tick[], first: boolean): boolean {
    const until = ticks.length + SLICE;
    if (this.#lines) {
      while (ticks.length < until) {
        if (this.#blank(true) === undefined) return false;
        ticks.push(this.#record());
        const end = this.#blank(false);
        if (end !== undefined && end !== LINE_FEED && end !== RETURN) throw notPlain;
      }
      return true;
    }
    if (first && this.#blank(true) !== OPEN_LIST) throw notPlain;
    while (ticks.length < until) {
      // A bracket or a comma stands before each record.
      this.#at++;
      if (this.#blank(true) !== CLOSE_LIST || ticks.length > 0) {
        ticks.push(this.#record());
        if (this.#blank(true) === COMMA) continue;
      }
      if (this.#bytes[this.#at++] !== CLOSE_LIST || this.#blank(true) !== undefined) throw notPlain;
      return false;
    }
    return true;
  }

  #record(): Tick {
    const bytes = this.#bytes;
    const anyLine = !this.#lines;
    let symbol = "", price = NaN, time = this.#now;
    let size: number | null = null, bid: number | null = null, ask: number | null = null;
    let seen = 0;
    if (bytes[this.#at] !== OPEN) throw notPlain;
    do {
      this.#at++;
      const field = this.#field(anyLine);
      if (seen & 1 << field) throw notPlain;
      if (field !== OTHER) seen |= 1 << field;
      this.#after(COLON, anyLine);
      const value = this.#blank(anyLine);
      if (field === OTHER) this.#skip();
      else if (field === SYMBOL) symbol = this.#symbol();
      else if (field === PRICE) price = this.#number();
      else if (value === NULL[0]) this.#word(NULL);
      else if (field === TIME) time = this.#time();
      else if (field === BID) bid = this.#number();
      else if (field === ASK) ask = this.#number();
      else if (field === SIZE && value !== MINUS) size = this.#number();
      else throw notPlain;
    } while (this.#blank(anyLine) === COMMA);
    if (bytes[this.#at++] !== CLOSE || symbol === "") throw notPlain;
    if (!(seen & 1 << PRICE)) {
      if (bid === null || ask === null) throw notPlain;
      price = middle(bid, ask);
    }
    return { symbol, time, price, size, bid, ask };
  }

  /** @returns the index of the field; moves behind its name */
  #field(anyLine: boolean): number {
    if (this.#blank(anyLine) !== QUOTE) throw notPlain;
    const begin = this.#at + 1;
    const first = this.#bytes[begin];
    for (let field = 0; field < FIELDS.length; field++) {
      const name = FIELDS[field]!;
      if (name[0] !== first || !this.#stands(name, begin)) continue;
      this.#at = begin + name.length;
      return field;
    }
    this.#text();
    return OTHER;
  }

  #symbol(): string {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== QUOTE) throw notPlain;
    const begin = this.#at + 1;
    let end = begin, hash = 0;
    while (SYMBOL_BYTES[bytes[end]!] === 1) hash = Math.imul(hash, 31) + bytes[end++]! | 0;
    const length = end - begin;
    if (bytes[end] !== QUOTE || length === 0 || length > SYMBOL_LENGTH_MAX) throw notPlain;
    if (bytes[begin] === EQUALS || bytes[begin] === MINUS) throw notPlain;
    this.#at = end + 1;
    const place = (hash ^ hash >>> 14) & NAMES - 1;
    const known = this.#names[place];
    if (known?.length === length) {
      let same = 0;
      while (same < length && known.charCodeAt(same) === bytes[begin + same]) same++;
      if (same === length) return known;
    }
    return this.#names[place] = this.#ascii(begin, end);
  }

  /** A JSON number. Number() reads those with an exponent or more digits than a double holds. */
  #number(): number {
    const bytes = this.#bytes;
    const begin = this.#at;
    let at = begin;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    let digits = 0;
    const whole = at;
    while (isDigit(bytes[at])) digits = digits * 10 + bytes[at++]! - ZERO;
    if (at === whole || bytes[whole] === ZERO && at > whole + 1) throw notPlain;
    let decimals = 0;
    if (bytes[at] === POINT) {
      const fraction = ++at;
      while (isDigit(bytes[at])) digits = digits * 10 + bytes[at++]! - ZERO;
      decimals = at - fraction;
      if (decimals === 0) throw notPlain;
    }
    let value = digits / POWERS[decimals]!;
    if ((bytes[at]! | BLANK) === EXPONENT) {
      at++;
      if (bytes[at] === MINUS || bytes[at] === 0x2b) at++;
      const exponent = at;
      while (isDigit(bytes[at])) at++;
      if (at === exponent) throw notPlain;
      value = NaN;
    }
    this.#at = at;
    if (digits <= Number.MAX_SAFE_INTEGER && decimals < POWERS.length && value === value) {
      return negative ? -value : value;
    }
    const read = Number(this.#ascii(begin, at));
    if (!Number.isFinite(read)) throw notPlain;
    return read;
  }

  #time(): number {
    let time: number;
    if (this.#bytes[this.#at] === QUOTE) {
      const begin = this.#at + 1;
      this.#text();
      const iso = parseIso(this.#ascii(begin, this.#at - 1));
      if (iso?.zoned !== true) throw notPlain;
      time = iso.time;
    } else {
      time = this.#number();
      if (!(time >= LOOKS_LIKE_MS_MIN && time < LOOKS_LIKE_MS_MAX)) throw notPlain;
    }
    if (time > this.#now + DAY_MS) throw notPlain;
    return time;
  }

  /** Moves behind the value of an unknown field. */
  #skip(): void {
    const first = this.#bytes[this.#at]!;
    if (first === QUOTE) return this.#text();
    const word = WORDS.find((word) => word[0] === first);
    if (word !== undefined) return this.#word(word);
    this.#number();
  }

  /** Moves behind a string. */
  #text(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    while (bytes[at] !== QUOTE) {
      const byte = bytes[at]!;
      if (!(byte >= BLANK && byte < 0x80) || byte === BACKSLASH) throw notPlain;
      at++;
    }
    this.#at = at + 1;
  }

  #word(word: Uint8Array): void {
    if (!this.#stands(word, this.#at)) throw notPlain;
    this.#at += word.length;
  }

  #stands(word: Uint8Array, at: number): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < word.length; index++) {
      if (bytes[at + index] !== word[index]) return false;
    }
    return true;
  }

  /** Moves behind blanks and one mark. */
  #after(mark: number, anyLine: boolean): void {
    if (this.#blank(anyLine) !== mark) throw notPlain;
    this.#at++;
  }

  /** Moves behind blanks. @returns the byte there; `undefined` at the end */
  #blank(anyLine: boolean): number | undefined {
    const bytes = this.#bytes;
    let at = this.#at;
    let byte = bytes[at];
    if (byte! > BLANK) return byte;
    while (
      byte === BLANK || byte === TAB || anyLine && (byte === LINE_FEED || byte === RETURN)
    ) byte = bytes[++at];
    this.#at = at;
    return byte;
  }

  #ascii(begin: number, end: number): string {
    if (end - begin > TEXT_LENGTH_MAX) throw notPlain;
    return decoder.decode(this.#bytes.subarray(begin, end));
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte! >= ZERO && byte! <= NINE;
}
