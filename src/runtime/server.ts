import { readPair, type TlsFiles } from "./certificate.ts";
import { listen } from "./listen.ts";
import { ListenError, type Listening, type ListenOptions } from "./listener.ts";

export interface ServerOptions extends Omit<ListenOptions, "tls"> {
  readonly tls?: TlsFiles | undefined;
  /** Port where `redirect` answers plain HTTP. */
  readonly redirectPort?: number | undefined;
  /** Whether this process opens ports that its workers will share. No other server may use them. */
  readonly isFirst?: boolean | undefined;
  redirect(request: Request, port: number): Response;
  now(): number;
  info(message: string): void;
  warn(message: string): void;
}

const DAY_MS = 86_400_000;

/** The listeners of a server: its port, with or without TLS, and the port that redirects to it. */
export interface RunningServer {
  readonly host: string;
  readonly port: number;
  readonly redirectPort: number | undefined;
  /**
   * Loads a renewed certificate. If it cannot be used, this logs why and keeps the old one.
   * @param isAsked whether the operator asks; otherwise nothing happens where open connections would end
   */
  renew(isAsked: boolean): Promise<void>;
  close(): Promise<void>;
}

/** @throws {ListenError} */
export async function openServer(options: ServerOptions): Promise<RunningServer> {
  const { host, tls, redirectPort, redirect, now, turn, isShared } = options;
  const pair = tls && readPair(tls, now());
  const main = await listen({ ...options, port: await own(options, options.port), tls: pair });
  let second: Listening | undefined;
  if (redirectPort !== undefined) {
    const answer = (request: Request) => redirect(request, main.port);
    try {
      const port = await own(options, redirectPort);
      second = await listen({ host, port, turn, isShared, fetch: answer, upgrade: answer });
    } catch (error) {
      await main.close();
      throw error;
    }
  }
  const renewal = tls && pair && new Renewal(options, tls, pair, main);
  return {
    host: main.host,
    port: main.port,
    redirectPort: second?.port,
    renew: async (isAsked) => await renewal?.look(isAsked),
    close: async () => void await Promise.all([main.close(), second?.close()]),
  };
}

/** Checks that a port to be shared is free, because sharing it with another server raises no error. @returns the port */
async function own(options: ServerOptions, port: number): Promise<number> {
  if (!options.isFirst) return port;
  const probe = await listen({ ...options, port, tls: undefined, isShared: false });
  await probe.close();
  return probe.port;
}

/** Compares the certificate in use with the files. */
class Renewal {
  readonly #options: Pick<ServerOptions, "now" | "info" | "warn">;
  readonly #files: TlsFiles;
  readonly #listening: Listening;
  #served: ReturnType<typeof readPair>;
  #remindedAt = -Infinity;
  /** The error of the files when they were last read; it is logged once. */
  #fault: string | undefined;

  constructor(
    options: Pick<ServerOptions, "now" | "info" | "warn">,
    files: TlsFiles,
    served: ReturnType<typeof readPair>,
    listening: Listening,
  ) {
    this.#options = options;
    this.#files = files;
    this.#served = served;
    this.#listening = listening;
  }

  /** Warns once a day in the last week. */
  #remind(now: number): void {
    const { validTo } = this.#served;
    if (validTo - now >= 7 * DAY_MS || now - this.#remindedAt < DAY_MS) return;
    this.#remindedAt = now;
    const until = new Date(validTo).toISOString();
    this.#options.warn(`The certificate in ${this.#files.cert} is valid only until ${until}`);
  }

  async look(isAsked: boolean): Promise<void> {
    const { now, info, warn } = this.#options;
    this.#remind(now());
    if (!isAsked && !this.#listening.keepsConnections) return;
    try {
      const pair = readPair(this.#files, now());
      this.#fault = undefined;
      if (pair.cert === this.#served.cert && pair.key === this.#served.key) return;
      this.#served = pair;
      await this.#listening.renew(pair);
      info(`Serving with the certificate that is now in ${this.#files.cert}`);
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      // While a pair is being written, its halves may not match.
      if (isAsked || error.message !== this.#fault) {
        warn(`${error.message}; the old certificate stays`);
      }
      this.#fault = error.message;
    }
  }
}
