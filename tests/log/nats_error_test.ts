import assert from "node:assert/strict";
import { test } from "node:test";
import { JetStreamApiError } from "@nats-io/jetstream";
import {
  AuthorizationError,
  ClosedConnectionError,
  ConnectionError,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from "@nats-io/transport-node";
import { natsFaultOf } from "../../src/log/nats_error.ts";

const api = (err_code: number, code = 400) =>
  new JetStreamApiError({ err_code, code, description: "" });
const notEnabled = (cause: Error) =>
  Object.assign(new Error("", { cause }), { name: "JetStreamNotEnabled" });
const system = (code: string) => Object.assign(new Error("x"), { code });

test("natsFaultOf recognises errors by code and name, whatever their texts say", () => {
  const noResponders = new RequestError("", { cause: new NoRespondersError("a") });
  const forbidden = new PermissionViolationError("", "publish", "a");
  const expected = [
    [api(10_071), "conflict"],
    [api(10_164), "conflict"],
    [api(10_059, 404), "missing"],
    [notEnabled(noResponders), "disabled"],
    [api(10_076, 503), "disabled"],
    [api(10_023, 503), "full"],
    [api(10_077, 503), "full"],
    [new RequestError("", { cause: forbidden }), "forbidden"],
    [noResponders, "unreachable"],
    [new TimeoutError(), "unreachable"],
    [new ClosedConnectionError(), "unreachable"],
    [api(10_008, 503), "unreachable"],
    [new ConnectionError("", { cause: system("ECONNREFUSED") }), "unreachable"],
    [new ConnectionError("connection refused"), "unreachable"],
    [system("ENOTFOUND"), "unreachable"],
    [api(10_054), undefined],
    [new AuthorizationError("timeout"), undefined],
    [new ConnectionError("", { cause: system("DEPTH_ZERO_SELF_SIGNED_CERT") }), undefined],
    [new Error("wrong last sequence"), undefined],
    ["timeout", undefined],
  ] as const;
  for (const [error, fault] of expected) assert.equal(natsFaultOf(error), fault, String(error));
});

test("natsFaultOf throws an error of our own code on", () => {
  for (const error of [new TypeError("timeout"), new RangeError("503")]) {
    assert.throws(() => natsFaultOf(error), error);
  }
});
