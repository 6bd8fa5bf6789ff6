/** https://spec.openapis.org/oas/v3.1.0 */
import { needOf } from "../access/access.ts";
import type { Keys } from "../access/keys.ts";
import { FOREIGN_OPERATIONS } from "./foreign_operations.ts";
import type { PublishedLimit } from "./limits.ts";
import type { Answer, Operation, Operations } from "./operation.ts";
import { OWN_OPERATIONS } from "./own_operations.ts";
import { type Json, ref, schemas } from "./values.ts";

/** The parts of the contract that depend on the server. */
export interface ContractOptions {
  readonly version: string;
  /** The server's URL for browsers, without a slash at the end. */
  readonly publicUrl?: string | undefined;
  readonly keys: Keys;
  readonly limits: Readonly<Record<string, PublishedLimit>>;
}

/** A route as the router knows it. */
interface Route {
  readonly method: string;
  readonly path: string;
}

const OPERATIONS: Operations = { ...OWN_OPERATIONS, ...FOREIGN_OPERATIONS };

const DESCRIPTION = "A live feed as snapshot, tick stream, bars and history. Numbers are JSON" +
  " numbers, times are milliseconds since the Unix epoch in UTC, and unknown values are null. Later" +
  " versions may add fields to every object.";

export const SECURITY_SCHEMES = {
  header: { type: "apiKey", in: "header", name: "X-API-KEY" },
  query: { type: "apiKey", in: "query", name: "key" },
  bearer: { type: "http", scheme: "bearer" },
};

/**
 * Describes all routes of the router.
 * @throws {TypeError} for a route without a description, or a description without a route
 */
export function openApi(routes: readonly Route[], options: ContractOptions): Json {
  const { version, publicUrl, limits } = options;
  const paths: Record<string, Record<string, Json>> = {};
  // A route with several handlers appears several times. Middleware (method ALL) is none.
  const names = new Set(
    routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`),
  );
  const stray = Object.keys(OPERATIONS).find((name) => !names.has(name));
  if (stray !== undefined) throw new TypeError(`Cannot describe ${stray}: there is no such route`);
  for (const name of names) {
    const operation = OPERATIONS[name];
    if (operation === undefined) throw new TypeError(`Cannot describe ${name}: it is unknown`);
    const [method, path] = name.split(" ") as [string, string];
    const template = path.replaceAll(/:(\w+)(?:\{[^}]+\})?/g, "{$1}");
    paths[template] = {
      ...paths[template],
      [method.toLowerCase()]: describe(method, template, operation, options),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "tickwire",
      version,
      description: DESCRIPTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: publicUrl ?? "/" }],
    paths,
    components: { schemas: schemas("draft-2020-12"), securitySchemes: SECURITY_SCHEMES },
    "x-limits": limits,
  };
}

function describe(
  method: string,
  path: string,
  operation: Operation,
  { keys, limits }: ContractOptions,
): Json {
  const { summary, description, parameters = [], body, bodyBytesMax } = operation;
  const need = needOf(method, path);
  const bytesMax = bodyBytesMax ?? limits["body-max"]!.value;
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/\W/g, "_")}`,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(body), "x-bytes-max": bytesMax } }),
    responses: responses(operation, need),
    security: need !== undefined && keys.isNeededTo(need)
      ? Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] }))
      : [],
  };
}

function responses({ answers, codes = {}, errorSchema }: Operation, need?: string): Json {
  const refused: Record<string, readonly string[]> = {
    ...(need === undefined ? {} : {
      401: ["key_needed", "bad_key", "bad_token", "token_expired"],
      403: [
        "not_allowed",
        ...need === "read" ? [] : ["no_write_key", "read_only_key"],
        ...need === "write" ? ["bad_origin"] : [],
      ],
      429: ["too_many"],
      503: ["keys_unavailable"],
    }),
  };
  return {
    ...mapped(answers, ({ content, headers, ...answer }: Answer) => ({
      ...answer,
      ...(headers === undefined ? {} : { headers }),
      ...(content === undefined ? {} : { content: contentOf(content) }),
    })),
    ...mapped(refused, (codes) => errorAnswer(codes)),
    ...Object.fromEntries(
      Object.entries(codes).map(([status, codes]) => {
        // Errors before the route's handler have the common shape.
        const more = refused[status];
        const schema = more && errorSchema ? { anyOf: [errorSchema, ref("Error")] } : errorSchema;
        return [status, errorAnswer([...codes, ...more ?? []], schema)];
      }),
    ),
    default: { description: OTHER_ERRORS, content: contentOf(JSON_ERROR) },
  };
}

const OTHER_ERRORS = "any other error, such as bad_host, not_found, bad_method and internal";
const JSON_ERROR = { "application/json": ref("Error") };

function errorAnswer(codes: readonly string[], schema?: Json): Json {
  const own = { ...ref("Error"), properties: { code: { enum: codes } } };
  return {
    description: codes.join(", "),
    content: contentOf({ "application/json": schema ?? own }),
  };
}

function contentOf(schemas: Readonly<Record<string, Json>>): Json {
  return mapped(schemas, (schema) => ({ schema }));
}

function mapped<Value>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Json,
): Record<string, Json> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
