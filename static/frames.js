// Requests, frames and rows of the native protocol (PROTOCOL.md).

/**
 * A subscription; the fields are those of `subscribe` in PROTOCOL.md. Handlers get rows as objects in
 * either `format`. The default here is `columns`, which takes fewer bytes.
 * @typedef {object} StreamRequest
 * @property {string | readonly string[]} symbols names, prefixes such as `BTC/*`, or `*`
 * @property {string} [channel] `tick`, `quote` or `bar:1m`
 * @property {"all" | "latest"} [mode]
 * @property {number | string} [every]
 * @property {"object" | "columns"} [format]
 * @property {string | number} [from] a position, such as the last one of another program, or a time
 * @property {number} [speed]
 */

/**
 * Changes to an open stream. A paused stream opens no subscription on a new connection.
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
 * @property {boolean} resumed whether the coming rows continue the rows so far, or the requested
 *   position; if not, drop the earlier rows and start with `snapshot`
 * @property {boolean} recovered `false` if the server could not serve the position; `reason` says why
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
 * @property {readonly unknown[]} rows as the server sent them
 */

/** @typedef {{ readonly expected: number, readonly found: number }} Gap */

/**
 * The server has cancelled ticks of a symbol: those before `seq` with one of the `seqs`, or without `seqs` those with
 * an event time of `from` (included) to `to` (not included). `null` means no bound. Load again what was made of them.
 * @typedef {object} Correction
 * @property {string} symbol
 * @property {number | null} from
 * @property {number | null} to
 * @property {number} seq
 * @property {readonly number[]} [seqs]
 * @property {readonly Row[]} [rows] the ticks with these `seqs`, as they were
 * @property {boolean} [removed] the server has removed the symbol itself
 */

/**
 * The stream moves its position before it calls `onRows`. `onGap` is for information: the stream itself
 * requests the lost rows again.
 * @typedef {object} Handlers
 * @property {(rows: readonly Row[], frame: DataFrame) => void} onRows
 * @property {(reply: Reply) => void} [onReply]
 * @property {(gap: Gap) => void} [onGap]
 * @property {(error: ClientError) => void} [onError] the server refused a subscription or an update
 * @property {(correction: Correction) => void} [onCorrected] the changed quotes and bars follow in `onRows`
 */

/**
 * @typedef {object} Stream
 * @property {string | undefined} position all rows up to it have been delivered; as `from` it
 *   also lets another program continue after them
 * @property {(update: Update) => void} update
 * @property {() => void} close
 */

/**
 * A frame of the server. Its `op` decides which fields it has.
 * @typedef {DataFrame & Correction & Omit<Reply, "op"> & ClientError & {
 *   op: string, sub: string, id?: number, columns?: readonly string[], add: readonly string[],
 *   retryAfter?: number, reconnectAfter: number,
 * }} Frame
 */

/** Turns rows of either format into objects. */
export class RowReader {
  #columns;
  #place;
  /** @type {string[]} */
  #symbols = [];
  /** The newest quote of each symbol, because the next row may hold only the changed columns. @type {Map<unknown, Row> | undefined} */
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

  /** Numbers new symbols in the order of the server's list. @param {readonly string[]} symbols */
  add(symbols) {
    this.#symbols.push(...symbols);
  }

  /**
   * Starts the numbers of the symbols again.
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
   * Reads a row of changes: the symbol's number, a bit mask of the columns that follow, and their
   * values.
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

/** The newest position that the server has reported. */
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
 * The request with another speed; without a speed it is live.
 * @param {StreamRequest} request
 * @param {unknown} speed
 * @returns {StreamRequest}
 */
export function withSpeed({ speed: _, ...request }, speed) {
  return typeof speed === "number" ? { ...request, speed } : request;
}
