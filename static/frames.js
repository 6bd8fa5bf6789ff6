// What a client says and hears, as PROTOCOL.md has it.

/**
 * What to subscribe to; the fields are those of `subscribe` in PROTOCOL.md. Consumers get rows as objects
 * in either `format`; `columns`, the default here, is the shorter one on the way.
 * @typedef {object} StreamRequest
 * @property {string | readonly string[]} symbols names, prefixes such as `BTC/*`, or `*`
 * @property {string} [channel] `tick`, `quote` or `bar:1m`
 * @property {"all" | "latest"} [mode]
 * @property {number | string} [every]
 * @property {"object" | "columns"} [format]
 * @property {string | number} [from] a position, such as the one where another program has stopped, or a time
 * @property {number} [speed]
 */

/**
 * What a stream may change in place. While there is no connection, a stream that is paused stays away.
 * @typedef {object} Update
 * @property {number | string} [every]
 * @property {number} [speed]
 * @property {boolean} [pause]
 * @property {boolean} [resume]
 * @property {string | number} [seek]
 */

/** @typedef {Readonly<Record<string, unknown>>} Row */

/**
 * The server's answer to a subscription or to an update.
 * @typedef {object} Reply
 * @property {"subscribed" | "updated"} op
 * @property {boolean} resumed whether the rows to come follow on those before, or on the position that was
 *   asked for; if not, what there was is void, and `snapshot` is what to begin with
 * @property {boolean} recovered `false` when the position could not be served, for the `reason` given
 * @property {string} [reason]
 * @property {string} position
 * @property {Readonly<Record<string, unknown>>} [granted]
 * @property {readonly string[]} symbols
 * @property {readonly string[]} unknown
 * @property {readonly Row[]} snapshot
 */

/** @typedef {{ readonly code: string, readonly message: string }} ClientError */

/**
 * @typedef {object} DataFrame
 * @property {number} prev
 * @property {number} seq
 * @property {number} [merged]
 * @property {readonly unknown[]} rows as they were sent
 */

/** @typedef {{ readonly expected: number, readonly found: number }} Gap */

/**
 * Ticks of a symbol that were taken back: those before `seq` with the `seqs`, or else of event time `from` to `to`
 * (not included), `null` being without a bound. What was made of them is to be asked for again.
 * @typedef {object} Correction
 * @property {string} symbol
 * @property {number | null} from
 * @property {number | null} to
 * @property {number} seq
 * @property {readonly number[]} [seqs]
 * @property {boolean} [removed] the symbol itself is gone
 */

/**
 * When `onRows` is called, the stream's position is already that of the frame. After `onGap` nothing needs
 * to be done: what was lost is asked for again.
 * @typedef {object} Handlers
 * @property {(rows: readonly Row[], frame: DataFrame) => void} onRows
 * @property {(reply: Reply) => void} [onReply]
 * @property {(gap: Gap) => void} [onGap]
 * @property {(error: ClientError) => void} [onError] a subscription, or an update, was refused
 * @property {(correction: Correction) => void} [onCorrected] the stream's new bars and quotes come by `onRows`
 */

/**
 * @typedef {object} Stream
 * @property {string | undefined} position all rows up to here have been delivered; with it as `from`, also
 *   another program goes on after them
 * @property {(update: Update) => void} update
 * @property {() => void} close
 */

/**
 * A frame of the server; which of the fields it has depends on `op`.
 * @typedef {DataFrame & Correction & Omit<Reply, "op"> & ClientError & {
 *   op: string, sub: string, id?: number, columns?: readonly string[], add: readonly string[],
 *   retryAfter?: number, reconnectAfter: number,
 * }} Frame
 */

/** Makes objects of rows in either format. */
export class RowReader {
  #columns;
  #place;
  /** @type {string[]} */
  #symbols = [];
  /** The newest quote of each symbol: the next one may tell only what has changed. @type {Map<unknown, Row> | undefined} */
  #quotes;

  /**
   * @param {{ columns?: readonly string[], granted?: Readonly<Record<string, unknown>>,
   *   symbols: readonly string[], snapshot?: readonly Row[] }} reply
   */
  constructor({ columns, granted, symbols, snapshot }) {
    this.#columns = columns;
    this.#place = columns?.indexOf("symbol");
    if (columns !== undefined && granted?.["channel"] === "quote") this.#quotes = new Map();
    this.restart(symbols, snapshot);
  }

  /** Symbols are numbered in the order in which they are told. @param {readonly string[]} symbols */
  add(symbols) {
    this.#symbols.push(...symbols);
  }

  /**
   * Numbers the symbols anew.
   * @param {readonly string[]} symbols
   * @param {readonly Row[]} [snapshot]
   */
  restart(symbols, snapshot = []) {
    this.#symbols = [...symbols];
    this.#quotes?.clear();
    for (const row of snapshot) this.#quotes?.set(row["symbol"], row);
  }

  /**
   * @param {readonly unknown[]} rows
   * @returns {readonly Row[]}
   */
  read(rows) {
    if (this.#columns === undefined) return /** @type {readonly Row[]} */ (rows);
    return rows.map((row) => this.#named(/** @type {readonly unknown[]} */ (row)));
  }

  /** @param {readonly unknown[]} row */
  #named(row) {
    const columns = this.#columns ?? [];
    const quotes = this.#quotes;
    if (quotes === undefined) return this.#whole(row);
    const named = row.length < columns.length ? this.#changed(row, quotes) : this.#whole(row);
    quotes.set(named["symbol"], named);
    return named;
  }

  /**
   * A row that tells what has changed: symbol, the number whose bits are the places of the columns that
   * follow, and their values.
   * @param {readonly unknown[]} row
   * @param {Map<unknown, Row>} quotes
   */
  #changed([index, places, ...values], quotes) {
    const symbol = this.#symbols[Number(index)];
    /** @type {Record<string, unknown>} */
    const named = { ...quotes.get(symbol), symbol };
    let next = 0;
    this.#columns?.forEach((column, place) => {
      if (Number(places) & (1 << place)) named[column] = values[next++];
    });
    return named;
  }

  /** @param {readonly unknown[]} row */
  #whole(row) {
    /** @type {Record<string, unknown>} */
    const named = {};
    this.#columns?.forEach((column, place) => {
      named[column] = place === this.#place ? this.#symbols[Number(row[place])] : row[place];
    });
    return named;
  }
}

/** The newest position that a server has told of. */
export class Newest {
  /** @type {string | undefined} */
  position;

  /** @param {number | undefined} seq in the epoch of the last position */
  saw(seq) {
    if (seq === undefined || this.position === undefined) return;
    if (seq > seqOf(this.position)) this.position = `${epochOf(this.position)}:${seq}`;
  }

  /** @param {string} position */
  sawPosition(position) {
    if (this.position !== undefined && epochOf(position) === epochOf(this.position)) {
      this.saw(seqOf(position));
    } else {
      this.position = position;
    }
  }
}

/**
 * @param {string | number | undefined} from
 * @returns {from is string}
 */
export function isPosition(from) {
  return typeof from === "string" && /^[a-z0-9]+:[0-9]+$/.test(from);
}

/** @param {string} position */
export function epochOf(position) {
  return position.slice(0, position.lastIndexOf(":"));
}

/** @param {string} position */
export function seqOf(position) {
  return Number(position.slice(position.lastIndexOf(":") + 1));
}

/**
 * The request with another speed; without one it is live.
 * @param {StreamRequest} request
 * @param {unknown} speed
 * @returns {StreamRequest}
 */
export function withSpeed({ speed: _, ...request }, speed) {
  return typeof speed === "number" ? { ...request, speed } : request;
}
