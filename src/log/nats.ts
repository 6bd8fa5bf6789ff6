import { readFileSync } from "node:fs";
import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node";
import { backoff } from "../core/backoff.ts";
import { TapeError } from "../store/tape_error.ts";
import { natsFaultOf } from "./nats_error.ts";
import type { StreamSpec } from "./stream_spec.ts";

interface Waits {
  random(): number;
  sleep(ms: number): Promise<void>;
  warn(message: string): void;
}

const RECONNECT_MS_MAX = 1_000;

/** Connects; waits for servers that are down. @throws {TapeError} on refusal or unreadable file */
export async function connectTo(
  spec: StreamSpec,
  { random, sleep, warn }: Waits,
): Promise<NatsConnection> {
  // Loaded here because the default log does not need it.
  const { connect } = await import("@nats-io/transport-node");
  const options = await optionsOf(spec, random);
  for (let attempt = 0;; attempt++) {
    try {
      return await connect(options);
    } catch (cause) {
      const { message } = cause as Error;
      // Other errors, such as a wrong password, would occur again.
      if (natsFaultOf(cause) !== "unreachable") {
        throw new TapeError(`Cannot connect to NATS at ${spec.servers.join(", ")}: ${message}`, {
          cause,
        });
      }
      if (attempt === 0) {
        warn(`Waiting for NATS at ${spec.servers.join(", ")}: ${message}`);
      }
      await sleep(backoff(attempt, random, RECONNECT_MS_MAX));
    }
  }
}

async function optionsOf(spec: StreamSpec, random: () => number): Promise<NodeConnectionOptions> {
  const { servers, user, password, token, creds, ca, cert, key, tls } = spec;
  const { credsAuthenticator } = await import("@nats-io/transport-node");
  return {
    servers: [...servers],
    name: "tickwire",
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => random() * RECONNECT_MS_MAX,
    pingInterval: 5_000,
    ...(user === undefined ? {} : { user, pass: password ?? "" }),
    ...(token === undefined ? {} : { token }),
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(readBytes(creds)) }),
    ...(tls
      ? {
        tls: {
          ...(ca === undefined ? {} : { caFile: ca }),
          ...(cert === undefined ? {} : { certFile: cert }),
          ...(key === undefined ? {} : { keyFile: key }),
        },
      }
      : {}),
  };
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new TapeError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
