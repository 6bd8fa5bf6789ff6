import { Hono } from "hono";
import type { Limits } from "../hub/limits.ts";
import { asyncApi } from "./contract/asyncapi.ts";
import { type LimitSettings, publishedLimits } from "./contract/limits.ts";
import { type ContractOptions, openApi } from "./contract/openapi.ts";
import { tagged } from "./tagged.ts";

export interface ContractsOptions extends Omit<ContractOptions, "limits"> {
  readonly settings: LimitSettings;
  readonly limits: Limits;
  /** All routes of the server, these included. */
  routes(): Parameters<typeof openApi>[0];
}

/** `GET /openapi.json` and `/asyncapi.json`: what may be asked of this server, and its limits. */
export function contractRoutes({ settings, routes, ...about }: ContractsOptions): Hono {
  const options = { ...about, limits: publishedLimits(settings, about.limits) };
  return new Hono()
    .get("/openapi.json", tagged(), (c) => c.json(openApi(routes(), options)))
    .get("/asyncapi.json", tagged(), (c) => c.json(asyncApi(c.req.url, options)));
}
