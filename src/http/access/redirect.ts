import { hostnameOf } from "../../runtime/listener.ts";
import { hostOf, type Hosts } from "./hosts.ts";
import { errorResponse, HttpError } from "../http_error.ts";

const HTTPS_PORT = 443;

/**
 * Redirects plain HTTP to https, with 308 so that the client repeats the method and body.
 * @param publicUrl the server's URL for browsers, if it is set
 */
export function redirector(
  hosts: Hosts,
  publicUrl: string | undefined,
): (request: Request, port: number) => Response {
  return (request, port) => {
    const { pathname, search } = new URL(request.url);
    const host = hostOf(request);
    const name = hostnameOf(host);
    // A redirect to an unknown host could lead to an attacker's server.
    if (name === undefined || !hosts.has(host)) {
      return errorResponse(new HttpError(403, "bad_host", "Cannot send on: the host is unknown"));
    }
    const base = publicUrl?.startsWith("https:")
      ? publicUrl
      : `https://${name}${port === HTTPS_PORT ? "" : `:${port}`}`;
    return new Response(null, { status: 308, headers: { Location: base + pathname + search } });
  };
}
