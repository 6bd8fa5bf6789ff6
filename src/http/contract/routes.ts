import { Hono } from "hono";
import type { Limits } from "../../hub/limits.ts";
import { type LimitSettings, publishedLimits } from "./limits.ts";
import type { ContractOptions, openApi } from "./openapi.ts";
import type { Json } from "./values.ts";
import { withEtag } from "../etag.ts";

export interface ContractsOptions extends Omit<ContractOptions, "limits"> {
  readonly settings: LimitSettings;
  readonly limits: Limits;
  /** All routes of the server, these included. */
  routes(): Parameters<typeof openApi>[0];
}

/** `GET /openapi.json` and `/asyncapi.json`: the contracts of this server with its limits. */
export function contractRoutes({ settings, routes, ...about }: ContractsOptions): Hono {
  const { publicUrl } = about;
  const options = { ...about, limits: publishedLimits(settings, about.limits) };
  // These requests need no key, so each document is built once: a repeated request costs little.
  let openapi: Json | undefined, asyncapi: Json | undefined;
  return new Hono()
    .get("/openapi.json", withEtag(), async (c) => {
      const { openApi } = await import("./openapi.ts");
      return c.json(openapi ??= openApi(routes(), options));
    })
    .get("/asyncapi.json", withEtag(), async (c) => {
      const { asyncApi, serversAt } = await import("./asyncapi.ts");
      asyncapi ??= asyncApi(options);
      return c.json({ ...asyncapi, servers: serversAt(publicUrl ?? new URL(c.req.url).origin) });
    });
}
