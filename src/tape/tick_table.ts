import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { TapedTick } from "../core/tick.ts";
import { checkSum, Damage, sumOfWords } from "./checksum.ts";
import type { SymbolTable } from "./symbol_table.ts";
import type { TickQuery } from "./tape.ts";

type Unknown = number | null;
type Row = [
  seq: number,
  symbol: number,
  time: number,
  price: number,
  size: Unknown,
  bid: Unknown,
  ask: Unknown,
  sum: number,
];

/** Values in a row, and rows that are inserted with one statement. */
const WIDTH = 8, ROWS = 32;

/** The ticks of a tape in a file. Their seqs have no holes. */
export class TickTable {
  readonly #db: DatabaseSync;
  readonly #symbols: SymbolTable;
  readonly #insert: StatementSync;
  readonly #insertMany: StatementSync;
  readonly #forget: StatementSync;
  /** The statements that were needed so far, by their text: there are few. */
  readonly #reads = new Map<string, StatementSync>();
  /** The numbers of one tick, to be summed up as words. */
  readonly #numbers = new Float64Array(7);
  readonly #words = new Uint32Array(this.#numbers.buffer);
  /** The values of the rows that are inserted at once. */
  readonly #values: Unknown[] = new Array(ROWS * WIDTH).fill(null);

  constructor(db: DatabaseSync, symbols: SymbolTable) {
    this.#db = db;
    this.#symbols = symbols;
    const row = "(?, ?, ?, ?, ?, ?, ?, ?)";
    this.#insert = db.prepare(`INSERT INTO tick VALUES ${row}`);
    this.#insertMany = db.prepare(`INSERT INTO tick VALUES ${new Array(ROWS).fill(row).join()}`);
    this.#forget = db.prepare("DELETE FROM tick WHERE seq <= ?");
  }

  /** The seqs of the oldest and the newest tick. Both in one query would look at every tick. */
  ends(): { first: number; last: number } | undefined {
    const end = (which: "min" | "max") =>
      this.#db.prepare(`SELECT ${which}(seq) AS seq FROM tick`).get()!["seq"] as number | null;
    const [first, last] = [end("min"), end("max")];
    return first === null || last === null ? undefined : { first, last };
  }

  /** Many rows with each statement: calling one costs as much as a row. */
  insert(ticks: readonly TapedTick[]): void {
    const values = this.#values;
    let at = 0;
    for (const { seq, symbol, time, price, size, bid, ask } of ticks) {
      const id = this.#symbols.add(symbol);
      values[at++] = seq;
      values[at++] = id;
      values[at++] = time;
      values[at++] = price;
      values[at++] = size;
      values[at++] = bid;
      values[at++] = ask;
      values[at++] = this.#sum(seq, id, time, price, size, bid, ask);
      if (at < values.length) continue;
      this.#insertMany.run(...values);
      at = 0;
    }
    for (let row = 0; row < at; row += WIDTH) this.#insert.run(...values.slice(row, row + WIDTH));
  }

  /** Forgets the ticks up to a seq. */
  forget(through: number): void {
    this.#forget.run(through);
  }

  read(query: TickQuery): TapedTick[] {
    const { symbols, after, through, from, to, limit } = query;
    const terms: string[] = [];
    const values: (number | string)[] = [];
    const term = (text: string, value: number | string | undefined) => {
      if (value === undefined) return;
      terms.push(text);
      values.push(value);
    };
    term("seq > ?", after);
    term("seq <= ?", through);
    term("time >= ?", from);
    term("time < ?", to);
    if (symbols !== undefined) {
      const ids = [...symbols].flatMap((symbol) => this.#symbols.find(symbol) ?? []);
      if (ids.length === 0) return [];
      term("symbol IN (SELECT value FROM json_each(?))", JSON.stringify(ids));
    }
    const where = terms.length > 0 ? `WHERE ${terms.join(" AND ")}` : "";
    const oldestFirst = after !== undefined || from !== undefined;
    const order = oldestFirst ? "ASC" : "DESC";
    const rows = this.#statement(`SELECT * FROM tick ${where} ORDER BY seq ${order} LIMIT ?`)
      .all(...values, limit) as unknown as Row[];
    const found = rows.map((row) => this.#decode(row));
    if (!oldestFirst) found.reverse();
    const whole = symbols === undefined && from === undefined && to === undefined;
    if (whole && found.length > 0 && found.at(-1)!.seq - found[0]!.seq !== found.length - 1) {
      throw new Damage(`a tick after ${found[0]!.seq} is missing`);
    }
    return found;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#reads.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      this.#reads.set(sql, statement);
    }
    return statement;
  }

  #decode([seq, id, time, price, size, bid, ask, sum]: Row): TapedTick {
    checkSum(`tick ${seq}`, sum, this.#sum(seq, id, time, price, size, bid, ask));
    return { seq, symbol: this.#symbols.nameOf(id), time, price, size, bid, ask };
  }

  /** An unknown number counts as infinite, which none of a tick is. */
  #sum(
    seq: number,
    id: number,
    time: number,
    price: number,
    size: Unknown,
    bid: Unknown,
    ask: Unknown,
  ): number {
    const numbers = this.#numbers;
    numbers[0] = seq;
    numbers[1] = id;
    numbers[2] = time;
    numbers[3] = price;
    numbers[4] = size ?? Infinity;
    numbers[5] = bid ?? Infinity;
    numbers[6] = ask ?? Infinity;
    return sumOfWords(this.#words);
  }
}
