/** https://docs.nats.io/reference/reference-protocols/nats-protocol, by https://github.com/nats-io/nats.js */
import type { ConnectionOptions, NatsConnection } from "@nats-io/transport-node";
import { FORM_OPTION_NAMES } from "../records/form_options.ts";
import { addressOf } from "./address.ts";
import { type Feed, type FeedContext, type FeedSpec, SourceFault, unusable } from "./feed.ts";
import { MESSAGE_OPTIONS, MessageFeed, messageSettings } from "./message_feed.ts";
import { idleOption, IdleTimer } from "./idle_timer.ts";
import { type Naming, namingOf, patternFault, type Topics } from "./topic_names.ts";

const CONNECT_MS = 10_000;
const PING_MS = 30_000;
const SUBJECTS: Topics = { one: "*", rest: ">", between: "." };

interface Settings {
  readonly url: string;
  readonly subjects: readonly string[];
  /** The queue group, whose members share the messages. */
  readonly queue: string | undefined;
  readonly login: Pick<ConnectionOptions, "user" | "pass" | "token">;
  readonly idleMs: number;
  readonly naming: Naming;
}

/**
 * Messages of a NATS server: `nats:nats://host:4222?subject=quotes.>&symbol={1}`. Without `symbol` the subject is
 * the symbol.
 * @throws {RangeError} for an invalid option
 */
export function nats(spec: FeedSpec): Feed {
  const options = ["subject", "queue", "user", "password", "token", "idle"];
  const { url, own } = addressOf(spec, {
    protocols: ["nats:", "tls:"],
    example: "nats:nats://host:4222?subject=quotes.>",
    options: [...options, ...MESSAGE_OPTIONS, ...FORM_OPTION_NAMES],
  });
  const given = (option: string) => own.options.get(option) || undefined;
  const subjects = own.options.getAll("subject");
  if (subjects.length === 0) throw unusable(spec, "name a subject, as in subject=quotes.>");
  for (const subject of subjects) {
    const fault = /\s/.test(subject) ? "it has a blank" : patternFault(subject, SUBJECTS);
    if (fault !== undefined) throw unusable(spec, `subject=${subject}: ${fault}`);
  }
  const { host, username, password } = new URL(url);
  const { naming, named } = namingOf(own, subjects, SUBJECTS);
  const user = given("user") ?? (decodeURIComponent(username) || undefined);
  const pass = given("password") ?? (decodeURIComponent(password) || undefined);
  const token = given("token");
  const settings: Settings = {
    ...{ url: url.replace(/(?<=:\/\/)[^/@]*@/, ""), subjects, naming, idleMs: idleOption(own) },
    queue: given("queue"),
    login: {
      ...user === undefined ? {} : { user },
      ...pass === undefined ? {} : { pass },
      ...token === undefined ? {} : { token },
    },
  };
  const meaning = messageSettings(named, `${host} ${subjects.join(" ")}`);
  let messageFeed: MessageFeed | undefined;
  return {
    name: spec.name,
    run(context) {
      messageFeed ??= new MessageFeed(context, meaning);
      messageFeed.join();
      return runOnce(context, settings, messageFeed);
    },
  };
}

/** One connection, from greeting to loss. @throws {SourceFault} when it ends */
async function runOnce(
  context: FeedContext,
  settings: Settings,
  messageFeed: MessageFeed,
): Promise<void> {
  const silence = new IdleTimer(context, settings.idleMs);
  const connection = await connected(settings);
  try {
    await new Promise<void>((resolve, reject) => {
      context.signal.addEventListener("abort", () => resolve(), { once: true });
      const closed = (cause: unknown) => {
        const reason = cause instanceof Error ? `: ${cause.message}` : "";
        reject(new SourceFault(`The source has closed the connection${reason}`));
      };
      connection.closed().then(closed, closed);
      for (const subject of settings.subjects) {
        connection.subscribe(subject, {
          ...settings.queue === undefined ? {} : { queue: settings.queue },
          callback(error, message) {
            if (error !== null) {
              return reject(new SourceFault(`The source refuses ${subject}: ${error.message}`));
            }
            silence.heard();
            try {
              messageFeed.take(message.data, { symbol: settings.naming(message.subject) });
            } catch (fault) {
              reject(fault);
            }
          },
        });
      }
      connection.flush().then(() => context.ready(), closed);
      void silence.watch(reject);
    });
  } finally {
    silence.end();
    await connection.close();
    await messageFeed.drained();
  }
}

async function connected({ url, login }: Settings): Promise<NatsConnection> {
  const { connect } = await import("@nats-io/transport-node");
  try {
    // The feed reconnects itself, so the client must not.
    const own = { reconnect: false, timeout: CONNECT_MS, pingInterval: PING_MS, name: "tickwire" };
    return await connect({ servers: url, ...own, ...login });
  } catch (cause) {
    throw new SourceFault(`Cannot reach the source: ${(cause as Error).message}`, { cause });
  }
}
