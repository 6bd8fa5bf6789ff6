/** HTTP Strict Transport Security: https://www.rfc-editor.org/rfc/rfc6797 */
import { type Accept, hostnameOf } from "../../runtime/listener.ts";
import { hostOf } from "./hosts.ts";

const YEAR_SECONDS = 31_536_000;

/** The handlers of requests and of WebSockets. */
export interface Handlers {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly upgrade: (request: Request) => Accept | Response | Promise<Accept | Response>;
}

/**
 * Tells browsers to use only TLS. The header covers all ports of a name, so localhost gets none:
 * other servers of the user run there. Addresses get none, because the header is only for names.
 */
export function withStrictTransport({ fetch, upgrade }: Handlers): Handlers {
  return {
    fetch: async (request) => marked(request, await fetch(request)),
    async upgrade(request) {
      const accept = await upgrade(request);
      return accept instanceof Response ? marked(request, accept) : accept;
    },
  };
}

function marked(request: Request, response: Response): Response {
  const name = hostnameOf(hostOf(request));
  if (name === undefined || /^(?:(?:.+\.)?localhost|[\d.]+|\[.*\])$/.test(name)) return response;
  response.headers.set("Strict-Transport-Security", `max-age=${YEAR_SECONDS}`);
  return response;
}
