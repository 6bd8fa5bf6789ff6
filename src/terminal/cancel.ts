import { createInterface } from "node:readline";
import { CommandError, Server, type ServerOptions } from "./server.ts";
import type { Terminal } from "./terminal.ts";

export interface CancelOptions extends ServerOptions {
  readonly symbol: string | undefined;
  /** Seqs with commas. */
  readonly seq?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** All of the symbol, and the symbol itself. */
  readonly all: boolean;
  /** Do not ask. */
  readonly yes: boolean;
  readonly isDry: boolean;
}

/**
 * `tickwire cancel`: cancels ticks, or all of a symbol. On a terminal it asks first.
 * @throws {CommandError}
 */
export async function cancel(terminal: Terminal, options: CancelOptions): Promise<void> {
  const { symbol, seq, from, to, all, yes, isDry } = options;
  if (symbol === undefined) {
    throw new CommandError("Cannot cancel ticks without a symbol: name it, as in cancel AAPL");
  }
  const named = Object.entries({ seq, from, to }).filter(([, value]) => value !== undefined);
  if (all === named.length > 0) {
    throw new CommandError(
      `Cannot cancel ticks of ${symbol}: name them by --seq, by --from and --to, or all by --all`,
    );
  }
  const server = new Server(options);
  const query = new URLSearchParams(named as [string, string][]);
  const path = all ? `symbols/${encodeURI(symbol)}` : "ticks";
  if (!all) query.set("symbol", symbol);
  const found = await ask(terminal, server, path, `${query}&dry_run=true`);
  const what = all ? `${symbol} with all of its ${amount(found)}` : `${amount(found)} of ${symbol}`;
  if (isDry) return await terminal.write(`${what} would be cancelled\n`);
  if (!yes && terminal.input.isKeyboard && !await agrees(terminal, `Cancel ${what}?`)) {
    throw new CommandError("Nothing was cancelled");
  }
  const done = await ask(terminal, server, path, String(query));
  await terminal.write(
    all ? `${symbol} is gone, with ${amount(done)}\n` : `${amount(done)} of ${symbol} cancelled\n`,
  );
}

async function ask(
  { interrupted }: Terminal,
  server: Server,
  path: string,
  query: string,
): Promise<number> {
  const init = { method: "DELETE", signal: interrupted };
  const response = await server.request(`${path}?${query}`, init);
  return (await response.json() as { cancelled: number }).cancelled;
}

/** Asks a yes-or-no question; the end of input and an interruption mean no. */
async function agrees(terminal: Terminal, question: string): Promise<boolean> {
  terminal.complain(`${question} [y/N]`);
  const lines = createInterface({ input: terminal.input.stream });
  terminal.interrupted.addEventListener("abort", () => lines.close(), { once: true });
  for await (const reply of lines) return /^y(es)?$/i.test(reply.trim());
  return false;
}

function amount(count: number): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? "tick" : "ticks"}`;
}
