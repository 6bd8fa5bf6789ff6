import { get as getPlain } from "node:http";
import { get as getSecure } from "node:https";
import { CommandError } from "./server.ts";
import type { Terminal } from "./terminal.ts";

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  /** Present if the server has TLS. */
  readonly "tls-cert"?: string | undefined;
}

const TIMEOUT_MS = 3_000;

/** `tickwire health`. @throws {CommandError} unless a server on this machine is healthy */
export async function health(terminal: Terminal, options: HealthOptions): Promise<void> {
  const { host, port, "tls-cert": cert } = options;
  const scheme = cert === undefined ? "http" : "https";
  const url = `${scheme}://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}/healthz`;
  try {
    await terminal.write(`${await ask(url)}\n`);
  } catch (cause) {
    throw new CommandError(`Cannot reach ${url}: ${(cause as Error).message}`, { cause });
  }
}

/** Does not check the certificate, which is for the public name of this machine. */
function ask(url: string): Promise<string> {
  const get = url.startsWith("https:") ? getSecure : getPlain;
  const options = { rejectUnauthorized: false, signal: AbortSignal.timeout(TIMEOUT_MS) };
  return new Promise((resolve, reject) => {
    get(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => text += part);
      response.on("error", reject).on("end", () => {
        const { statusCode } = response;
        if (statusCode === 200) resolve(text);
        else reject(new Error(`it answers ${statusCode}`));
      });
    }).on("error", reject);
  });
}
