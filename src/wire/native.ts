/** The native protocol. PROTOCOL.md is its specification. */
import { z } from "zod";
import { parseDuration } from "../core/duration.ts";
import { ClientError } from "../hub/client_error.ts";
import { channelName, type Mode, parseChannel, Selection } from "../hub/topic.ts";
import type { Command, Message, RequestId, Subscribed, Wire } from "../hub/wire.ts";
import { DATA_FORMATS } from "./data_formats.ts";
import { exactId } from "./request_id.ts";

const Id = z.union([z.string().max(64), z.number()], {
  error: "expected a number or a text of at most 64 characters",
}).optional();
const Duration = z.union([z.number().nonnegative(), z.string()], {
  error: "expected milliseconds or a duration such as 10s",
});
const Symbols = z.union([z.array(z.string()), z.string()], {
  error: "expected a list of texts",
});
const From = z.union([z.string(), z.number()], { error: "expected a position or a time" });

const Speed = z.number({ error: "expected a number" }).nonnegative();

const Subscribe = z.object({
  op: z.literal("subscribe"),
  id: Id,
  symbols: Symbols,
  channel: z.string().default("tick"),
  mode: z.enum(["all", "latest"]).optional(),
  every: Duration.default(0),
  from: From.optional(),
  speed: Speed.optional(),
  format: z.enum(["object", "columns"]).default("object"),
});

const Update = z.object({
  op: z.literal("update"),
  id: Id,
  sub: z.string(),
  every: Duration.optional(),
  speed: Speed.optional(),
  pause: z.boolean().optional(),
  resume: z.boolean().optional(),
  seek: From.optional(),
});

const Request = z.discriminatedUnion("op", [
  Subscribe,
  Update,
  z.object({ op: z.literal("unsubscribe"), id: Id, sub: z.string() }),
  z.object({ op: z.literal("ping"), id: Id }),
  z.object({ op: z.literal("authorize"), id: Id, token: z.string() }),
]);

/** Schemas of all requests. */
export const REQUESTS = Request.options;
const OPS = REQUESTS.map(({ shape }) => shape.op.value);

type SubscribeFields = z.infer<typeof Subscribe>;

export const native: Wire = {
  decode(text) {
    const frame = parseFrame(text);
    const id = exactId(text, "id", frame["id"]);
    try {
      return [command(readRequest(frame), id)];
    } catch (error) {
      throw error instanceof ClientError ? error.of(id) : error;
    }
  },

  encode(message) {
    return JSON.stringify(toFrame(message));
  },
};

/**
 * The command for a query such as `?symbol=AAPL,TSLA&channel=quote`; it has the fields of
 * `subscribe`.
 * @throws {ClientError}
 */
export function commandFromQuery(query: URLSearchParams): Command {
  const symbols = readSymbols(query) ?? ["*"];
  const given = Object.fromEntries(
    ["channel", "mode", "every", "from", "speed", "format"].flatMap((name) => {
      const value = query.get(name);
      if (value === null) return [];
      return [[name, name === "speed" && value !== "" ? Number(value) : value]];
    }),
  );
  const fields = Subscribe.safeParse({ op: "subscribe", symbols, ...given });
  if (!fields.success) {
    throw new ClientError("bad_request", `Cannot read the address: ${describe(fields.error)}`);
  }
  return subscribe(fields.data);
}

/** Names and prefixes of `symbol` or `symbols`; `undefined` without either. */
export function readSymbols(query: URLSearchParams): string[] | undefined {
  const named = [...query.getAll("symbol"), ...query.getAll("symbols")];
  return named.length === 0 ? undefined : named.flatMap(splitList);
}

/** Names and prefixes of a list with commas. */
export function splitList(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

/** @throws {ClientError} for a value that is not a duration */
export function readEvery(every: string | number): number {
  const duration = typeof every === "number" ? every : parseDuration(every);
  if (duration !== undefined) return duration;
  throw new ClientError(
    "bad_every",
    `Cannot read every: ${JSON.stringify(every)} is not a duration`,
  );
}

function parseFrame(text: string): Readonly<Record<string, unknown>> {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ClientError("bad_json", `Cannot read the frame as JSON: ${reason}`);
  }
  if (typeof frame !== "object" || frame === null || Array.isArray(frame)) {
    throw new ClientError("bad_request", "Cannot read the frame: it is not a JSON object");
  }
  return frame as Record<string, unknown>;
}

function readRequest(frame: Readonly<Record<string, unknown>>): z.infer<typeof Request> {
  const { op } = frame;
  if (typeof op !== "string" || !(OPS as string[]).includes(op)) {
    const shown = JSON.stringify(op)?.slice(0, 100) ?? "(none)";
    throw new ClientError("unknown_op", `Cannot do op ${shown}: known are ${OPS.join(", ")}`);
  }
  const request = Request.safeParse(frame);
  if (request.success) return request.data;
  throw new ClientError("bad_request", `Cannot read ${op}: ${describe(request.error)}`);
}

function command(request: z.infer<typeof Request>, id: RequestId): Command {
  const { op } = request;
  if (op === "unsubscribe") return { kind: "unsubscribe", id, sub: request.sub };
  if (op === "update") return update(request, id);
  if (op === "ping") return { kind: "ping", id };
  if (op === "authorize") return { kind: "authorize", id, token: request.token };
  return subscribe(request, id);
}

function update(
  { sub, every, speed, seek, pause, resume }: z.infer<typeof Update>,
  id: RequestId,
): Command {
  const paused = pause ?? (resume === undefined ? undefined : !resume);
  return {
    kind: "update",
    id,
    sub,
    speed,
    seek,
    pause: paused,
    every: every === undefined ? undefined : readEvery(every),
  };
}

function subscribe(fields: SubscribeFields, id?: RequestId): Command {
  const { symbols, from, speed } = fields;
  const channel = parseChannel(fields.channel);
  return {
    kind: "subscribe",
    id,
    from,
    speed,
    subscription: {
      selection: new Selection(typeof symbols === "string" ? splitList(symbols) : symbols),
      channel,
      // A forming bar is always conflated, a closed one never.
      mode: channel.kind === "bar"
        ? "latest"
        : fields.mode ?? (channel.kind === "tick" ? "all" : "latest") satisfies Mode,
      every: readEvery(fields.every),
      format: DATA_FORMATS[fields.format]!,
    },
  };
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0]!;
  const where = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  return where + issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
}

function toFrame(message: Message): Record<string, unknown> {
  if (message.kind === "subscribed") return subscribedFrame(message);
  const { kind, ...rest } = message;
  if (kind === "unsubscribed") return { op: kind, id: message.id, sub: message.sub };
  return { op: kind, ...rest };
}

function subscribedFrame(message: Subscribed): Record<string, unknown> {
  const { id, sub, position, subscription, speed, recovered, reason, symbols, unknown } = message;
  const { channel, mode, every, format } = subscription;
  return {
    op: "subscribed",
    id: id satisfies RequestId | undefined,
    sub,
    position,
    recovered,
    reason,
    granted: { channel: channelName(channel), mode, every, format: format.name, speed },
    columns: format.columns(channel),
    symbols,
    unknown,
    snapshot: message.snapshot,
  };
}
