import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { ClientError } from "../../src/hub/client_error.ts";
import { errorResponse, HttpError, onError } from "../../src/http/http_error.ts";
import { refused, serve } from "./serve.ts";

const ROUTES = ["/", "/chart", "/snapshot", "/symbols", "/bars", "/ticks", "/healthz", "/readyz"];

describe("Errors", () => {
  test("An unknown path is 404 as JSON, for any method", async () => {
    const server = serve();
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      const detail = await refused(server.request("/nope/x?a=1", { method }), 404, "not_found");
      assert.match(detail, /\/nope\/x/);
    }
    for (const path of ["/snapshot/", "/ticks/1", "/static/", "/static/../package.json"]) {
      await refused(server.request(path), 404, "not_found");
    }
    const head = await server.request("/nope", { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [404, ""]);
  });

  test("A wrong method is 405 as JSON with the allowed methods", async () => {
    const server = serve();
    for (const path of ROUTES) {
      const response = await server.request(path, { method: "PATCH" });
      const allowed = response.headers.get("allow")!.split(", ");
      assert.ok(allowed.includes("GET"), path);
      assert.equal(allowed.includes("POST"), ["/bars", "/ticks"].includes(path), path);
      await refused(response, 405, "bad_method");
    }
    await refused(server.request("/snapshot", { method: "POST" }), 405, "bad_method");
  });

  test("A plain request to a WebSocket path is told so", async () => {
    const response = await serve().request("/ws");
    const { detail } = await response.json();
    assert.match(detail, /WebSocket/);
  });

  test("An internal error is 500, is logged, and reveals nothing", async () => {
    const faults: unknown[] = [];
    const fault = new TypeError("the secret reason");
    const router = new Hono().get("/", () => {
      throw fault;
    });
    router.onError(onError((error) => faults.push(error)));
    const detail = await refused(router.request("/"), 500, "internal");
    assert.doesNotMatch(detail, /secret/);
    assert.deepEqual(faults, [fault]);
  });

  test("Client errors keep their code and are not logged", async () => {
    const errors: [Error, number, string][] = [
      [new HttpError(410, "gone", "Cannot read"), 410, "gone"],
      [new ClientError("bad_tick", "Cannot read"), 400, "bad_tick"],
      [new HTTPException(418, { message: "Cannot brew" }), 418, "refused"],
    ];
    for (const [error, status, code] of errors) {
      const router = new Hono().get("/", () => {
        throw error;
      });
      router.onError(onError(() => assert.fail("told")));
      await refused(router.request("/"), status, code);
    }
    await refused(
      errorResponse(new HttpError(403, "bad_origin", "Cannot open")),
      403,
      "bad_origin",
    );
  });

  test("A refusal says when to try again, with a router and without", async () => {
    const refusal = new HttpError(503, "keys_unavailable", "Cannot check", 5);
    const router = new Hono().get("/", () => {
      throw refusal;
    });
    router.onError(onError(() => assert.fail("told")));
    for (const response of [errorResponse(refusal), await router.request("/")]) {
      assert.equal(response.headers.get("retry-after"), "5");
      await refused(response, 503, "keys_unavailable");
    }
    const other = errorResponse(new HttpError(403, "bad_origin", "Cannot open"));
    assert.equal(other.headers.get("retry-after"), null);
  });
});
