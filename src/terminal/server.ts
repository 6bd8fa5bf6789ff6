/** A running tickwire as the commands of the terminal reach it. */
import { type Reach, reachWith, trustFault } from "../runtime/reach.ts";

/** Why a command cannot go on, in words for its user. */
export class CommandError extends Error {}

/** What follows where a key is missing, or is not the right one. */
export const GIVE_KEY = "; give it with --key";

export interface ServerOptions {
  /** Such as `http://localhost:5050`. */
  readonly url: string;
  readonly key?: string | undefined;
  /** A file with authorities to trust beside those of the system. */
  readonly ca?: string | undefined;
}

export class Server {
  readonly reach: Reach;
  readonly #url: URL;
  readonly #key: string | undefined;

  /** @throws {CommandError} when the URL is none. @throws {RangeError} when the authority is none */
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
    this.reach = reachWith(ca);
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
   * @param path from the server's root, without a slash before it
   * @throws {CommandError} when there is no answer, or one that refuses
   */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.ask(path, init);
    if (response.ok) return response;
    throw new CommandError(await reasonOf(response));
  }

  /** As `request`, but also gives back an answer that refuses. */
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

/** What a refusal says. */
export async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  let detail: unknown;
  try {
    detail = JSON.parse(text).detail;
  } catch {
    // Something else stands between, such as a proxy.
  }
  const said = typeof detail === "string" ? detail : `${response.url} answers ${response.status}`;
  return response.status === 401 ? said + GIVE_KEY : said;
}
