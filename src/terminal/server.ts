/** The connection of commands to a running tickwire. */
import { type TrustedFetch, trustFault, trusting } from "../runtime/trust.ts";

/** The reason why a command fails, for its user. */
export class CommandError extends Error {}

/** Ends the message for a missing or wrong key. */
export const GIVE_KEY = "; give it with --key";

export interface ServerOptions {
  /** Such as `http://localhost:5050`. */
  readonly url: string;
  readonly key?: string | undefined;
  /** A file with authorities to trust besides those of the system. */
  readonly ca?: string | undefined;
}

export class Server {
  readonly reach: TrustedFetch;
  readonly #url: URL;
  readonly #key: string | undefined;

  /** @throws {CommandError} for an invalid URL. @throws {RangeError} for an invalid authority file */
  constructor({ url, key, ca }: ServerOptions) {
    const parsed = URL.parse(/^[a-z]+:\/\//.test(url) ? url : `http://${url}`);
    if (parsed === null || !/^(https?|wss?):$/.test(parsed.protocol)) {
      throw new CommandError(
        `Cannot use --url ${url}: expected one such as http://localhost:5050`,
      );
    }
    parsed.protocol = parsed.protocol.replace("ws", "http");
    parsed.search = parsed.hash = "";
    parsed.pathname = parsed.pathname.replace(/\/?$/, "/");
    this.reach = trusting(ca);
    this.#url = parsed;
    this.#key = key;
  }

  get url(): string {
    return this.#url.href.replace(/\/$/, "");
  }

  /** The address of the native protocol. */
  get socketUrl(): string {
    const url = new URL("ws", this.#url);
    url.protocol = url.protocol.replace("http", "ws");
    if (this.#key !== undefined) url.searchParams.set("key", this.#key);
    return url.href;
  }

  /**
   * @param path from the server's root, without a slash at the start
   * @throws {CommandError} if the server does not answer or refuses
   */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.ask(path, init);
    if (response.ok) return response;
    throw new CommandError(await reasonOf(response));
  }

  /** Like `request`, but returns refusals too. */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#key !== undefined) headers.set("X-API-KEY", this.#key);
    try {
      return await this.reach.fetch(new URL(path, this.#url), { ...init, headers });
    } catch (cause) {
      if (init.signal?.aborted) throw new CommandError("Interrupted", { cause });
      const reason = trustFault(cause) ??
        "nothing answers there; start it with tickwire, or name another with --url";
      throw new CommandError(`Cannot reach ${this.url}: ${reason}`, { cause });
    }
  }
}

/** The reason in a refusal. */
export async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  let detail: unknown;
  try {
    detail = JSON.parse(text).detail;
  } catch {
    // The answer may come from a proxy.
  }
  const said = typeof detail === "string" ? detail : `${response.url} answers ${response.status}`;
  return response.status === 401 ? said + GIVE_KEY : said;
}
