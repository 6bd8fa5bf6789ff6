import type { Row } from "../core/board.ts";
import { decimalsOf } from "../core/instrument.ts";
import { type Client, loadClient, type State } from "../feeds/client_module.ts";
import { gridLines, plain, type Watched } from "./grid.ts";
import { CommandError, GIVE_KEY, Server, type ServerOptions } from "./server.ts";
import type { Terminal } from "./terminal.ts";

export interface WatchOptions extends ServerOptions {
  /** Names and prefixes; none means all. */
  readonly symbols: readonly string[];
  /** Print the current board and stop. */
  readonly once: boolean;
  /** Print JSON instead of a grid. */
  readonly json: boolean;
  /** Milliseconds between two drawings. */
  readonly every: number;
}

/** The close code for a missing or wrong key. */
const KEY_NEEDED = 4401;
const TRAIL_MAX = 60;
const RATE_MS = 1_000;

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H", CLEAR_LINE = "\x1b[K", CLEAR_BELOW = "\x1b[J";

/** `tickwire watch`: shows the board as a live grid, once as a table, or as JSON for other programs. */
export async function watch(terminal: Terminal, options: WatchOptions): Promise<void> {
  const server = new Server(options);
  if (options.once) return await printOnce(terminal, server, options);
  if (options.json) return await printRows(terminal, server, options);
  if (!terminal.isScreen) {
    throw new CommandError(
      "Cannot draw a grid: the output is not a terminal; add --once or --json",
    );
  }
  // Report a wrong address or key before the grid covers the screen.
  await server.request(snapshotPath(options.symbols));
  await new Screen(terminal, server, options).run();
}

function snapshotPath(symbols: readonly string[]): string {
  return `snapshot?symbol=${encodeURIComponent(symbols.join(","))}`;
}

async function printOnce(
  terminal: Terminal,
  server: Server,
  { symbols, json }: WatchOptions,
): Promise<void> {
  const response = await server.request(snapshotPath(symbols));
  const rows: readonly Row[] = await response.json();
  if (json) return await terminal.write(`${JSON.stringify(rows, null, 2)}\n`);
  const decimals = new Map<string, number>();
  const watched = rows.map((row) => watchedOf(row, decimals));
  const { columns } = terminal.size();
  const { hasColor } = terminal;
  const lines = gridLines(watched, { columns, lines: Infinity, hasColor, from: 0 });
  await terminal.write(lines.map((line) => `${line.trimEnd()}\n`).join(""));
}

/** Prints one row per line as it changes, until the user or the reader stops it. */
async function printRows(
  terminal: Terminal,
  server: Server,
  { symbols, every }: WatchOptions,
): Promise<void> {
  await server.request("healthz");
  let failed: unknown;
  const ended = new AbortController();
  const print = (rows: readonly unknown[]) => {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    terminal.write(text).catch((error) => (failed = error, ended.abort()));
  };
  const client = await subscribe(server, { symbols, every }, {
    state: (state) => {
      if (state.kind !== "refused") return;
      failed = refusalOf(state);
      ended.abort();
    },
    snapshot: print,
    rows: print,
    removed: () => {},
  });
  await untilAborted(terminal.interrupted, ended.signal);
  client.close();
  // A reader such as `head` closes the output when it has enough; that is not an error.
  if (failed instanceof CommandError) throw failed;
}

function refusalOf({ code, reason }: Extract<State, { kind: "refused" }>): CommandError {
  return new CommandError(`Cannot watch: ${reason}${code === KEY_NEEDED ? GIVE_KEY : ""}`);
}

function untilAborted(...signals: AbortSignal[]): Promise<void> {
  const any = AbortSignal.any(signals);
  return new Promise((resolve) => {
    if (any.aborted) return resolve();
    any.addEventListener("abort", () => resolve(), { once: true });
  });
}

interface Told {
  state(state: State): void;
  snapshot(rows: readonly Row[]): void;
  rows(rows: readonly Row[], merged: number): void;
  /** A symbol was removed. */
  removed(symbol: string): void;
}

async function subscribe(
  server: Server,
  { symbols, every }: Pick<WatchOptions, "symbols" | "every">,
  told: Told,
): Promise<Client> {
  const { connect } = await loadClient();
  const client = connect(server.socketUrl, {
    ...server.reach,
    onState: (state) => told.state(state),
  });
  const wanted = symbols.length === 0 ? ["*"] : symbols;
  client.subscribe({ symbols: wanted, channel: "quote", every }, {
    onReply: ({ resumed, snapshot }) => {
      if (!resumed) told.snapshot(snapshot as unknown as Row[]);
    },
    onRows: (rows, { merged = 0 }) => told.rows(rows as unknown as Row[], merged),
    onCorrected: ({ symbol, removed }) => removed === true && told.removed(symbol),
    onError: ({ message }) => told.state({ kind: "refused", code: 4400, reason: message }),
  });
  return client;
}

/** Uses as many decimals as the symbol's most precise price so far. */
function watchedOf(row: Row, decimals: Map<string, number>): Watched {
  const seen = Math.max(decimals.get(row.symbol) ?? 0, decimalsOf(row.price ?? 0));
  decimals.set(row.symbol, seen);
  return { row, decimals: seen, trail: row.price === null ? [] : [row.price], moved: 0 };
}

const ORDERS = ["symbol", "change", "volume"] as const;

/** The live grid. It draws at a fixed pace, independent of the data. */
class Screen {
  readonly #terminal: Terminal;
  readonly #server: Server;
  readonly #options: WatchOptions;
  readonly #board = new Map<string, Watched>();
  readonly #decimals = new Map<string, number>();
  readonly #quit = new AbortController();
  #state: State = { kind: "connecting" };
  #order: typeof ORDERS[number] = "symbol";
  #from = 0;
  /** Updates in the current second, and the rate of the last one. */
  #updates = 0;
  #rate = 0;
  #ratedAt: number;

  constructor(terminal: Terminal, server: Server, options: WatchOptions) {
    this.#terminal = terminal;
    this.#server = server;
    this.#options = options;
    this.#ratedAt = terminal.now();
  }

  async run(): Promise<void> {
    const { interrupted, sleep } = this.#terminal;
    const client = await subscribe(this.#server, this.#options, {
      state: (state) => {
        this.#state = state;
        if (state.kind === "refused") this.#quit.abort();
      },
      snapshot: (rows) => {
        this.#board.clear();
        for (const row of rows) this.#see(row);
      },
      rows: (rows, merged) => {
        this.#updates += rows.length + merged;
        for (const row of rows) this.#see(row);
      },
      removed: (symbol) => this.#board.delete(symbol),
    });
    const ignoreKeys = this.#terminal.keys((key) => this.#press(key));
    try {
      await this.#terminal.write(ENTER);
      while (!interrupted.aborted && !this.#quit.signal.aborted) {
        await this.#draw();
        await Promise.race([sleep(this.#options.every), untilAborted(this.#quit.signal)]);
      }
    } finally {
      ignoreKeys();
      client.close();
      await this.#terminal.write(LEAVE);
    }
    if (this.#state.kind === "refused") throw refusalOf(this.#state);
  }

  #see(row: Row): void {
    const before = this.#board.get(row.symbol);
    const seen = watchedOf(row, this.#decimals);
    if (before === undefined) return void this.#board.set(row.symbol, seen);
    const moved = Math.sign((row.price ?? 0) - (before.row.price ?? 0)) || before.moved;
    const trail = [...before.trail, ...seen.trail].slice(-TRAIL_MAX);
    this.#board.set(row.symbol, { ...seen, trail, moved });
  }

  #press(key: string): void {
    const page = Math.max(1, this.#terminal.size().rows - 3);
    if (key === "q" || key === "\x03" || key === "\x1b") this.#quit.abort();
    else if (key === "s") this.#order = ORDERS[(ORDERS.indexOf(this.#order) + 1) % ORDERS.length]!;
    else if (key === "\x1b[A" || key === "k") this.#scroll(-1);
    else if (key === "\x1b[B" || key === "j") this.#scroll(1);
    else if (key === "\x1b[5~") this.#scroll(-page);
    else if (key === "\x1b[6~" || key === " ") this.#scroll(page);
    else return;
    void this.#draw();
  }

  #scroll(rows: number): void {
    const last = Math.max(0, this.#board.size - (this.#terminal.size().rows - 3));
    this.#from = Math.max(0, Math.min(last, this.#from + rows));
  }

  async #draw(): Promise<void> {
    const { columns, rows } = this.#terminal.size();
    this.#scroll(0);
    const lines = [
      this.#title(columns),
      ...gridLines(this.#sorted(), {
        columns,
        lines: rows - 2,
        hasColor: this.#terminal.hasColor,
        from: this.#from,
      }),
    ];
    const keys = `q quit · s sort by ${this.#order} · ↑↓ scroll`;
    const foot = [...keys].slice(0, columns).join("");
    const body = [...lines, ...Array<string>(Math.max(0, rows - 1 - lines.length)).fill(""), foot];
    const text = body.slice(0, rows).map((line) => line + CLEAR_LINE).join("\r\n");
    // A price flashes for one drawing.
    for (const [symbol, watched] of this.#board) {
      if (watched.moved !== 0) this.#board.set(symbol, { ...watched, moved: 0 });
    }
    await this.#terminal.write(HOME + text + CLEAR_BELOW);
  }

  #title(columns: number): string {
    const now = this.#terminal.now();
    if (now - this.#ratedAt >= RATE_MS) {
      this.#rate = Math.round(this.#updates / ((now - this.#ratedAt) / 1_000));
      this.#updates = 0;
      this.#ratedAt = now;
    }
    const rate = this.#state.kind === "live" ? ` · ${this.#rate} updates/s` : "";
    const title = `tickwire ${this.#server.url} · ${
      stateText(this.#state, now)
    } · ${this.#board.size} symbols${rate}`;
    return [...plain(title)].slice(0, columns).join("");
  }

  #sorted(): Watched[] {
    const by = {
      symbol: (a: Watched, b: Watched) => a.row.symbol < b.row.symbol ? -1 : 1,
      change: (a: Watched, b: Watched) =>
        (b.row.change_percent ?? -Infinity) - (a.row.change_percent ?? -Infinity),
      volume: (a: Watched, b: Watched) => (b.row.volume ?? -1) - (a.row.volume ?? -1),
    }[this.#order];
    return [...this.#board.values()].sort(by);
  }
}

function stateText(state: State, now: number): string {
  if (state.kind === "waiting") {
    const seconds = Math.max(0, Math.ceil((state.until - now) / 1_000));
    return `offline, again in ${seconds} s (${state.reason})`;
  }
  return state.kind === "refused" ? `refused: ${state.reason}` : state.kind;
}
