import metaSchema from "@asyncapi/specs/schemas/3.0.0.json" with { type: "json" };
import { Ajv } from "ajv";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { EVERYTHING } from "../../../src/hub/grant.ts";
import { ConnectionGrant } from "../../../src/hub/connection_grant.ts";
import { native } from "../../../src/wire/native.ts";
import { TestHub } from "../../helpers/test_hub.ts";
import { until } from "../../helpers/until.mjs";
import { type Exchange, play } from "../../helpers/conversation.ts";
import { BASE, serve } from "../serve.ts";
import { closed } from "./closed.ts";

interface Document {
  readonly servers: Record<string, object>;
  readonly channels: Record<string, { address: string; messages: Record<string, object> }>;
  readonly operations: Record<
    string,
    { messages: { $ref: string }[]; security?: readonly object[] }
  >;
  readonly components: { messages: Record<string, { payload: object }> };
  readonly "x-limits": object;
}

const options = { strict: false, validateFormats: false, allErrors: true };
const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url).href);
const document = await serve().get<Document>("/asyncapi.json");
const ajv = new Ajv(options).addSchema(closed(document), "contract:asyncapi");
const CHANNELS: Record<string, string> = { "/kraken": "krakenV1", "/kraken/v2": "krakenV2" };

const goldens = readdirSync(at("wire/golden")).map((name) => [
  name,
  readFileSync(at(`wire/golden/${name}`), "utf8"),
]);
const examples = [
  ...readFileSync(at("../PROTOCOL.md"), "utf8")
    .matchAll(/^### (14\.\d+ .*)\n+```conversation\n([^`]*)```/gm),
].map(([, heading, text]) => [`PROTOCOL.md ${heading}`, text!]);
/** Frames that no other conversation contains. */
const ending = `
> {"op":"ping"}
< {"op":"pong", …}
! 1730
< {"op":"draining", …}
`;
const heartbeat = `
= {"symbol":"BTC/USD"}
? /kraken/v2
< {"channel":"status", …}
> {"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}
< {"method":"subscribe", …}
+ 1250
< {"channel":"heartbeat"}
`;
const others = [["an ending", ending], ["Kraken's silence", heartbeat]];

/** Whether a frame reports an error in one of the protocols. */
function isError(frame: unknown): boolean {
  const { op, status, success, event } = frame as Record<string, unknown>;
  return op === "error" || status === "error" || success === false || event === "error";
}

function nameOf({ $ref }: { readonly $ref: string }): string {
  return $ref.slice($ref.lastIndexOf("/") + 1);
}

/**
 * Checks a frame against the messages of an operation; one with an `op` against the message of its
 * name.
 */
function check(operation: string, frame: unknown): string {
  const names = document.operations[operation]!.messages.map(nameOf);
  const op = (frame as { op?: string }).op;
  const asked = op === undefined ? names : names.filter((name) => name === op);
  const texts = asked.flatMap((name) => {
    const validate = ajv.compile({
      $ref: `contract:asyncapi#/components/messages/${name}/payload`,
    });
    return validate(frame) ? [] : [`${name}: ${ajv.errorsText(validate.errors)}`];
  });
  const fits = asked.length - texts.length;
  assert.ok(fits > 0, `${operation} ${JSON.stringify(frame)}\n${texts.join("\n")}`);
  return op ?? asked.find((name) => !texts.some((text) => text.startsWith(`${name}:`)))!;
}

describe("/asyncapi.json", () => {
  test("It is valid AsyncAPI 3.0", () => {
    // The AsyncAPI schema includes the JSON schema of schemas.
    const meta = new Ajv({ ...options, meta: false, validateSchema: false });
    const validate = meta.compile(metaSchema);
    assert.ok(validate(document), meta.errorsText(validate.errors?.slice(0, 8)));
  });

  test("All its references resolve", () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
    assert.ok(refs.length > 50);
    for (const [, path] of refs) {
      const steps = path!.split("/").map((step) => step.replaceAll("~1", "/"));
      let node: unknown = document;
      for (const step of steps) node = (node as Record<string, unknown>)[step];
      assert.ok(node, path!);
    }
  });

  const seen = new Set<string>();
  for (const [name, text] of [...goldens, ...examples, ...others]) {
    test(`Every frame of ${name} is described`, () => {
      play(text!, {}, ({ address, request, frames }: Exchange) => {
        const channel = CHANNELS[address] ?? "ws";
        for (const frame of frames) seen.add(check(`${channel}.send`, frame));
        if (!request?.startsWith("{") || frames.length === 0 || frames.some(isError)) return;
        seen.add(check(`${channel}.receive`, JSON.parse(request)));
      });
    });
  }

  test("The frames of a token's end and renewal are described", async () => {
    const hub: TestHub = new TestHub({}, {
      authorize: () => {
        return Promise.resolve({ ...EVERYTHING, until: hub.now + 60_000 });
      },
    });
    const connectionGrant = new ConnectionGrant({ ...EVERYTHING, until: hub.now + 10_000 });
    const { socket, session } = hub.connect(native, connectionGrant);
    connectionGrant.tend(hub.now);
    const frame = { op: "authorize", id: 1, token: "a.b.c" };
    seen.add(check("ws.receive", frame));
    session.receive(JSON.stringify(frame));
    const frames = await until("it is answered", () => socket.received, ({ length }) => length > 1);
    for (const frame of frames) seen.add(check("ws.send", frame));
  });

  test("The conversations contain every message of the stream and of Kraken's channels", () => {
    const described = ["ws", "krakenV1", "krakenV2"].flatMap((name) =>
      ["send", "receive"].map((action) => document.operations[`${name}.${action}`]!)
    ).flatMap(({ messages }) => messages.map(nameOf));
    assert.deepEqual(described.filter((name) => !seen.has(name)), []);
  });

  test("Answers to batches over a WebSocket are described", async () => {
    const server = serve();
    const headers = { upgrade: "websocket" };
    const accept = server.app.upgrade(new Request(`${BASE}/ticks`, { headers }));
    assert.ok(typeof accept === "function");
    const answers: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const connection = accept({
      buffered: 0,
      send(text) {
        answers.push(check("ticks.send", JSON.parse(text)));
        if (answers.length === 4) resolve();
      },
      close() {},
    });
    const batches = [
      { symbol: "A", price: 1 },
      [{ symbol: "A", price: 1, time: 1_763_700_000_000 }],
      { id: 7, key: "k", ticks: [{ symbol: "A", bid: 1, ask: 2 }] },
    ];
    for (const batch of batches) {
      assert.equal(check("ticks.receive", batch), "batch");
      connection.receive(JSON.stringify(batch));
    }
    connection.receive("[{}]");
    server.now += 1_000;
    await promise;
    assert.deepEqual(answers, ["accepted", "accepted", "accepted", "refused"]);
  });

  test("Every path that opens as a WebSocket is described", () => {
    const { app } = serve();
    const addresses = Object.values(document.channels).map(({ address }) => address);
    for (const address of ["/ws", "/ticks", "/kraken", "/kraken/v2", "/rooms/{room}"]) {
      assert.ok(addresses.includes(address), address);
    }
    for (const address of addresses.filter((address) => address !== "/stream")) {
      const path = address.replace("{room}", "desk");
      const asked = new Request(BASE + path, { headers: { upgrade: "websocket" } });
      assert.ok(!(app.upgrade(asked) instanceof Response), path);
    }
  });

  test("It contains the address, limits and key rules of this server", async () => {
    assert.deepEqual(document.servers["sockets"], { host: "localhost:5050", protocol: "ws" });
    const server = serve("--write-key", "writer", "--public-url", "https://example.com/live");
    const { servers, operations, "x-limits": limits } = await server.get<Document>(
      "/asyncapi.json",
    );
    assert.deepEqual(servers, {
      sockets: { host: "example.com", pathname: "/live", protocol: "wss" },
      events: { host: "example.com", pathname: "/live", protocol: "https" },
    });
    assert.deepEqual(limits, (await server.get<Document>("/openapi.json"))["x-limits"]);
    const locked = Object.keys(operations).filter((name) => operations[name]!.security);
    assert.deepEqual(locked.sort(), ["room.receive", "room.send", "ticks.receive", "ticks.send"]);
  });
});
