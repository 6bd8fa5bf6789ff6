/**
 * Checks the names of query parameters. A name similar to a known one is an error: without the
 * misspelt parameter the answer would be wrong. Caches and clients may add other names.
 */
import { Hono } from "hono";
import { nearest } from "../core/nearest.ts";
import { BATCHES_QUERY, STREAM_QUERY } from "./contract/operation.ts";
import { OWN_OPERATIONS } from "./contract/own_operations.ts";
import type { Json } from "./contract/values.ts";
import { HttpError } from "./http_error.ts";

/** Parameters with lists. If one is given twice, the lists are joined. */
const LISTS = ["symbol", "symbols"];

/** Query parameters of WebSockets by path. Those of foreign protocols are not checked. */
const SOCKETS: Readonly<Record<string, readonly string[]>> = {
  "/ws": namesOf(STREAM_QUERY),
  "/ticks": namesOf(BATCHES_QUERY),
};

/** Checks requests to the server's own routes before the handlers of the routes. */
export function parameterChecks(): Hono {
  const checks = new Hono();
  for (const [operation, { parameters = [] }] of Object.entries(OWN_OPERATIONS)) {
    const names = namesOf(parameters);
    if (names.length === 0) continue;
    const [method, path] = operation.split(" ") as [string, string];
    checks.on(method, path, (c, next) => {
      checkParameters(new URL(c.req.url).searchParams, names);
      return next();
    });
  }
  return checks;
}

/** @param path of the `SocketPlace` @throws {HttpError} */
export function checkSocketParameters(path: string, params: URLSearchParams): void {
  checkParameters(params, SOCKETS[path] ?? []);
}

function checkParameters(params: URLSearchParams, names: readonly string[]): void {
  for (const name of new Set(params.keys())) {
    if (!names.includes(name)) {
      const meant = nearest(name, names);
      if (meant === undefined) continue;
      throw bad(name, `there is no such parameter (did you mean ${meant}?)`);
    }
    if (LISTS.includes(name) || new Set(params.getAll(name)).size === 1) continue;
    throw bad(name, "it is given twice, each time with another value");
  }
}

function bad(name: string, reason: string): HttpError {
  return new HttpError(400, "bad_parameter", `Cannot use ${name}: ${reason}`);
}

/** Names of the query parameters. `symbols` is another name for `symbol`. */
function namesOf(parameters: readonly Json[]): string[] {
  const names = parameters.filter((parameter) => parameter["in"] === "query")
    .map(({ name }) => String(name));
  return names.includes("symbol") ? [...names, "symbols"] : names;
}
