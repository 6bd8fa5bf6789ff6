import { readPair, type TlsFiles } from "./certificate.ts";
import { listen } from "./listen.ts";
import { ListenError, type Listening, type ListenOptions } from "./listener.ts";

export interface DoorsOptions extends Omit<ListenOptions, "tls"> {
  readonly tls?: TlsFiles | undefined;
  /** Where plain HTTP is answered by `redirect`. */
  readonly redirectPort?: number | undefined;
  /** Whether this process opens ports that others of this server will share, and may have no other server on them. */
  readonly isFirst?: boolean | undefined;
  redirect(request: Request, port: number): Response;
  now(): number;
  info(message: string): void;
  warn(message: string): void;
}

const DAY_MS = 86_400_000;

/** Where a server is reached: its port, with TLS or without, and the one that sends on to it. */
export interface Doors {
  readonly host: string;
  readonly port: number;
  readonly redirectPort: number | undefined;
  /**
   * Takes up a certificate that has been renewed. What cannot be served with is told of, and the one before stays.
   * @param isAsked by the operator; else nothing is done where connections would end by it
   */
  renew(isAsked: boolean): Promise<void>;
  close(): Promise<void>;
}

/** @throws {ListenError} */
export async function openDoors(options: DoorsOptions): Promise<Doors> {
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

/** Looks whether a port that is going to be shared is free: whoever shares it too would not notice. @returns the port */
async function own(options: DoorsOptions, port: number): Promise<number> {
  if (!options.isFirst) return port;
  const probe = await listen({ ...options, port, tls: undefined, isShared: false });
  await probe.close();
  return probe.port;
}

/** The certificate that is served, and the one in the files. */
class Renewal {
  readonly #options: Pick<DoorsOptions, "now" | "info" | "warn">;
  readonly #files: TlsFiles;
  readonly #listening: Listening;
  #served: ReturnType<typeof readPair>;
  #remindedAt = -Infinity;
  /** What was wrong with the files when they were last read: it is told once. */
  #fault: string | undefined;

  constructor(
    options: Pick<DoorsOptions, "now" | "info" | "warn">,
    files: TlsFiles,
    served: ReturnType<typeof readPair>,
    listening: Listening,
  ) {
    this.#options = options;
    this.#files = files;
    this.#served = served;
    this.#listening = listening;
  }

  /** Once a day, in the last week. */
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
      // Of a pair that is being written one half is there before the other.
      if (isAsked || error.message !== this.#fault) warn(`${error.message}; the one before stays`);
      this.#fault = error.message;
    }
  }
}
