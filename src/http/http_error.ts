import type { Context, ErrorHandler, Hono, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ClientError } from "../hub/client_error.ts";
import { LogUnavailable, TapeError, TapeFull } from "../store/tape_error.ts";

const LOG_RETRY_SECONDS = 1;

/** The refusal of a request. The message is for people, the code for programs. */
export class HttpError extends Error {
  readonly status: ContentfulStatusCode;
  readonly code: string;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined;

  constructor(status: ContentfulStatusCode, code: string, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** The body of every error: `{"detail", "code", "status"}`. */
export function errorBody({ status, code, message }: HttpError): Record<string, unknown> {
  return { detail: message, code, status };
}

/** An error response outside the router, such as for a refused WebSocket. */
export function errorResponse(refusal: HttpError): Response {
  const { status } = refusal;
  return Response.json(errorBody(refusal), { status, headers: headersOf(refusal) });
}

/** A 401 must name the scheme for keys: https://www.rfc-editor.org/rfc/rfc9110#status.401 */
function headersOf({ status, retryAfter }: HttpError): Record<string, string> {
  return {
    ...(status === 401 ? { "WWW-Authenticate": 'Bearer realm="tickwire"' } : {}),
    ...(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) }),
  };
}

/** @param fault called for errors of the server itself */
export function onError(fault: (error: unknown) => void): ErrorHandler {
  return (error, c) => answer(c, toHttpError(error, fault));
}

/** Answers 404 for an unknown path, and 405 for a known path with another method. */
export function onNotFound(router: Hono): NotFoundHandler {
  return (c) => {
    const { method, path } = c.req;
    const methods = new Set(
      router.routes.filter((route) => route.method !== "ALL" && patternOf(route.path).test(path))
        .map((route) => route.method),
    );
    if (methods.size === 0) {
      return answer(
        c,
        new HttpError(404, "not_found", `Cannot find ${path}: there is no such route`),
      );
    }
    if (methods.has("GET")) methods.add("HEAD");
    c.header("Allow", [...methods, "OPTIONS"].join(", "));
    const known = [...methods].join(", ");
    return answer(
      c,
      new HttpError(405, "bad_method", `Cannot ${method} ${path}: the route answers ${known}`),
    );
  };
}

/**
 * Matches the path of a route or of a `SocketPlace`. `:name` matches any text without a slash, and
 * `:name{.+}` the expression in the braces.
 */
export function patternOf(path: string): RegExp {
  const pattern = path.replaceAll(
    /\.|:\w+(?:\{([^}]+)\})?/g,
    (part, own) => part === "." ? "\\." : own ?? "[^/]+",
  );
  return new RegExp(`^${pattern}$`);
}

function answer(c: Context, refusal: HttpError): Response {
  return c.json(errorBody(refusal), refusal.status, headersOf(refusal));
}

/** Maps any error to a response. @param fault called for errors of the server itself */
export function toHttpError(error: unknown, fault: (error: unknown) => void): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof ClientError) {
    return new HttpError(error.code === "not_allowed" ? 403 : 400, error.code, error.message);
  }
  if (error instanceof TapeFull) return new HttpError(507, "tape_full", error.message);
  if (error instanceof LogUnavailable) {
    return new HttpError(503, "log_unavailable", error.message, LOG_RETRY_SECONDS);
  }
  if (error instanceof TapeError) return new HttpError(500, "tape_unreadable", error.message);
  if (error instanceof HTTPException) {
    return new HttpError(error.status as ContentfulStatusCode, "refused", error.message);
  }
  fault(error);
  return new HttpError(500, "internal", "Cannot answer: the server failed");
}
