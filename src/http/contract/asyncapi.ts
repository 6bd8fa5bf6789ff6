/** https://www.asyncapi.com/docs/reference/specification/v3.0.0 */
import { socketNeedOf } from "../access/access.ts";
import {
  BATCHES,
  GRID_REQUEST,
  KRAKEN_V1_ANSWERS,
  KRAKEN_V1_REQUESTS,
  KRAKEN_V2_ANSWERS,
  KRAKEN_V2_REQUESTS,
  NATIVE_ANSWERS,
  NATIVE_REQUESTS,
  VALUE,
} from "./messages.ts";
import { type ContractOptions, SECURITY_SCHEMES } from "./openapi.ts";
import { BATCHES_QUERY, STREAM_QUERY } from "./operation.ts";
import { type Json, listOf, ref, schemas } from "./values.ts";

/** A channel of messages; the payloads are by name of the message. */
interface Channel {
  readonly address: string;
  readonly description: string;
  readonly server: "sockets" | "events";
  /** Query parameters of the URL. */
  readonly query?: readonly Json[];
  readonly parameters?: Json;
  readonly received: Readonly<Record<string, Json>>;
  readonly sent: Readonly<Record<string, Json>>;
}

/** The messages of the server on `/ws` and in the events of `/stream`. */
const STREAM = { ...NATIVE_ANSWERS, value: VALUE, list: listOf(ref("Row")) };

function channelsOf(limits: ContractOptions["limits"]): Readonly<Record<string, Channel>> {
  const content = { type: ["object", "array"] };
  const length = limits["room-message-max"]!.value;
  const message = { ...content, description: `at most ${length} characters of JSON` };
  return {
    ws: {
      address: "/ws",
      description: "The stream. A URL with a query subscribes at once. With format=value or" +
        " format=list the client receives only such messages. A client whose first frame has params is" +
        " a live grid and receives only lists of rows.",
      server: "sockets",
      query: STREAM_QUERY,
      received: { ...NATIVE_REQUESTS, grid: GRID_REQUEST },
      sent: STREAM,
    },
    stream: {
      address: "/stream",
      description: "The frames of /ws in the data of Server-Sent Events.",
      server: "events",
      received: {},
      sent: STREAM,
    },
    ticks: {
      address: "/ticks",
      description:
        "Each frame is a batch of ticks. The server answers when the batch is on the tape.",
      server: "sockets",
      query: BATCHES_QUERY,
      received: { batch: BATCHES["batch"]! },
      sent: { accepted: BATCHES["accepted"]!, refused: BATCHES["refused"]! },
    },
    room: {
      address: "/rooms/{room}",
      description: "The server passes each message of a client to all other clients of the room.",
      server: "sockets",
      parameters: { room: { description: "spelled like a symbol; write a slash as %2F" } },
      received: { message },
      sent: { message },
    },
    krakenV1: {
      address: "/kraken",
      description: "Kraken's public WebSocket, version 1: https://docs.kraken.com/websockets/",
      server: "sockets",
      received: KRAKEN_V1_REQUESTS,
      sent: KRAKEN_V1_ANSWERS,
    },
    krakenV2: {
      address: "/kraken/v2",
      description: "Kraken's public WebSocket, version 2: https://docs.kraken.com/api/docs/",
      server: "sockets",
      received: KRAKEN_V2_REQUESTS,
      sent: KRAKEN_V2_ANSWERS,
    },
  };
}

/** Describes the messages on WebSockets and event streams; `serversAt` adds the servers. */
export function asyncApi({ version, limits, keys }: ContractOptions): Json {
  const channels = channelsOf(limits);
  const messages: Record<string, Json> = {};
  const described: Record<string, Json> = {};
  const operations: Record<string, Json> = {};
  for (const [name, channel] of Object.entries(channels)) {
    const { address, description, server, query, parameters, received, sent } = channel;
    const payloads = { ...received, ...sent };
    for (const [message, payload] of Object.entries(payloads)) messages[message] = { payload };
    described[name] = {
      address,
      description,
      servers: [{ $ref: `#/servers/${server}` }],
      messages: Object.fromEntries(
        Object.keys(payloads).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
      ),
      ...(parameters === undefined ? {} : { parameters }),
      ...(query === undefined
        ? {}
        : { bindings: { ws: { query: { type: "object", properties: propertiesOf(query) } } } }),
    };
    const security = keys.isNeededTo(socketNeedOf(address)) ? SECURITY : undefined;
    for (const [action, payloads] of [["receive", received], ["send", sent]] as const) {
      if (Object.keys(payloads).length === 0) continue;
      operations[`${name}.${action}`] = operation(action, name, Object.keys(payloads), security);
    }
  }
  return {
    asyncapi: "3.0.0",
    info: {
      title: "tickwire",
      version,
      description:
        "PROTOCOL.md of the project is the contract for clients. Later versions may add" +
        " fields to every object.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    channels: described,
    operations,
    components: { schemas: schemas("draft-7"), messages, securitySchemes: SCHEMES },
    "x-limits": limits,
  };
}

/** AsyncAPI calls the API key of OpenAPI `httpApiKey`. */
const SCHEMES = Object.fromEntries(
  Object.entries(SECURITY_SCHEMES).map(([name, scheme]) => [
    name,
    scheme.type === "apiKey" ? { ...scheme, type: "httpApiKey" } : scheme,
  ]),
);
const SECURITY = Object.keys(SCHEMES).map((name) => ({
  $ref: `#/components/securitySchemes/${name}`,
}));

/** OpenAPI parameters as the properties of an object schema. */
function propertiesOf(parameters: readonly Json[]): Json {
  return Object.fromEntries(
    parameters.map(({ name, description, schema }) => [
      name,
      { ...schema as Json, description },
    ]),
  );
}

/** The action is that of the server: it receives the messages of clients. */
function operation(
  action: "receive" | "send",
  channel: string,
  messages: readonly string[],
  security: readonly Json[] | undefined,
): Json {
  return {
    action,
    channel: { $ref: `#/channels/${channel}` },
    messages: messages.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
    ...(security === undefined ? {} : { security }),
  };
}

/** @param address the server's URL for clients */
export function serversAt(address: string): Json {
  const { protocol, host, pathname } = new URL(address);
  const at = { host, ...(pathname === "/" ? {} : { pathname }) };
  return {
    sockets: { ...at, protocol: protocol === "https:" ? "wss" : "ws" },
    events: { ...at, protocol: protocol.slice(0, -1) },
  };
}
