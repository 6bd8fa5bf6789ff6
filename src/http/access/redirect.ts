import { hostnameOf } from "../../runtime/listener.ts";
import { hostOf, type Hosts } from "./hosts.ts";
import { errorResponse, HttpError } from "../http_error.ts";

const HTTPS_PORT = 443;

/**
 * Sends plain HTTP on to https, with 308 so that a method and a body stay what they are.
 * @param publicUrl under which browsers reach the server, if that is known
 */
export function redirector(
  hosts: Hosts,
  publicUrl: string | undefined,
): (request: Request, port: number) => Response {
  return (request, port) => {
    const { pathname, search } = new URL(request.url);
    const host = hostOf(request);
    const name = hostnameOf(host);
    // Nobody is sent to where a stranger wants.
    if (name === undefined || !hosts.has(host)) {
      return errorResponse(new HttpError(403, "bad_host", "Cannot send on: the host is unknown"));
    }
    const base = publicUrl?.startsWith("https:")
      ? publicUrl
      : `https://${name}${port === HTTPS_PORT ? "" : `:${port}`}`;
    return new Response(null, { status: 308, headers: { Location: base + pathname + search } });
  };
}
