/** https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html, by https://github.com/mqttjs/MQTT.js */
import type { IClientOptions, MqttClient } from "mqtt";
import { FORM_OPTION_NAMES } from "../records/form_options.ts";
import { addressOf } from "./address.ts";
import { type Feed, type FeedContext, type FeedSpec, SourceFault, unusable } from "./feed.ts";
import { reasonOf } from "./fetching.ts";
import { MESSAGE_OPTIONS, MessageFeed, messageSettings } from "./message_feed.ts";
import { idleOption, IdleTimer } from "./idle_timer.ts";
import { type Naming, namingOf, patternFault } from "./topic_names.ts";

const CONNECT_MS = 10_000;
const KEEPALIVE_SECONDS = 30;
/** The QoS that a broker grants when it refuses. */
const REFUSED = 128;

interface Settings {
  readonly url: string;
  readonly topics: readonly string[];
  readonly qos: 0 | 1;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The client id, for which the broker keeps messages while the feed is disconnected. */
  readonly client: string | undefined;
  readonly idleMs: number;
  readonly naming: Naming;
}

/**
 * Messages of an MQTT broker: `mqtt:mqtt://host:1883?topic=plant/+/temperature&symbol={1}.temperature`. Without
 * `symbol` the topic is the symbol. The feed acknowledges messages of QoS 1 after they are on the tape.
 * @throws {RangeError} for an invalid option
 */
export function mqtt(spec: FeedSpec): Feed {
  const options = ["topic", "qos", "user", "password", "client", "idle"];
  const { url, own } = addressOf(spec, {
    protocols: ["mqtt:", "mqtts:", "ws:", "wss:"],
    example: "mqtt:mqtt://host:1883?topic=plant/+/temperature",
    options: [...options, ...MESSAGE_OPTIONS, ...FORM_OPTION_NAMES],
  });
  const given = (option: string) => own.options.get(option) ?? undefined;
  // A query turns plus signs into blanks.
  const topics = own.options.getAll("topic").map((text) =>
    text.replace(/(?<=^|\/) (?=\/|$)/g, "+")
  );
  if (topics.length === 0) throw unusable(spec, "name a topic, as in topic=plant/+/temperature");
  for (const topic of topics) {
    const fault = patternFault(topic, { one: "+", rest: "#", between: "/" });
    if (fault !== undefined) throw unusable(spec, `topic=${topic}: ${fault}`);
  }
  const qos = given("qos") ?? "0";
  if (qos !== "0" && qos !== "1") throw unusable(spec, `qos=${qos} is neither 0 nor 1`);
  const { host, username, password } = new URL(url);
  const { naming, named } = namingOf(own, topics, { one: "+", rest: "#", between: "/" });
  const settings: Settings = {
    ...{ url, topics, naming, qos: qos === "0" ? 0 : 1, idleMs: idleOption(own) },
    user: given("user") ?? (decodeURIComponent(username) || undefined),
    password: given("password") ?? (decodeURIComponent(password) || undefined),
    client: given("client"),
  };
  const meaning = messageSettings(named, `${host} ${topics.join(" ")}`);
  let messageFeed: MessageFeed | undefined;
  return {
    name: spec.name,
    run(context) {
      messageFeed ??= new MessageFeed(context, meaning);
      return new Connection(context, settings, messageFeed).run();
    },
  };
}

/** One connection, from greeting to loss. */
class Connection {
  readonly #context: FeedContext;
  readonly #settings: Settings;
  readonly #messageFeed: MessageFeed;
  readonly #silence: IdleTimer;
  /** A feed that has received data before ignores retained messages, because they may be old. */
  readonly #isFirst: boolean;
  #isOver = false;
  #fail: (error: unknown) => void = () => {};

  constructor(context: FeedContext, settings: Settings, messageFeed: MessageFeed) {
    this.#context = context;
    this.#settings = settings;
    this.#messageFeed = messageFeed;
    this.#silence = new IdleTimer(context, settings.idleMs);
    this.#isFirst = messageFeed.isNew;
  }

  /** @throws {SourceFault} when the connection ends */
  async run(): Promise<void> {
    const { connect } = await import("mqtt");
    const { url, user, password, client: name } = this.#settings;
    const { protocol, hostname, port, pathname, search } = new URL(url);
    const client = connect({
      protocol: protocol.slice(0, -1) as IClientOptions["protocol"] & string,
      hostname: hostname.replace(/^\[|\]$/g, ""),
      ...port === "" ? {} : { port: Number(port) },
      path: pathname + search,
      ...{ keepalive: KEEPALIVE_SECONDS, connectTimeout: CONNECT_MS, reconnectPeriod: 0 },
      ...user === undefined ? {} : { username: user },
      ...password === undefined ? {} : { password },
      ...name === undefined ? {} : { clientId: name, clean: false },
    });
    this.#acknowledgeLate(client);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        this.#context.signal.addEventListener("abort", () => resolve(), { once: true });
        client.on("connect", ({ sessionPresent }) => this.#connected(client, sessionPresent));
        client.on("message", (topic, payload, { retain }) => this.#heard(topic, payload, retain));
        client.on("error", (error) => {
          reject(new SourceFault(`Cannot reach the source: ${reasonOf(error, url)}`));
        });
        client.on("close", () => reject(new SourceFault("The source has closed the connection")));
        void this.#silence.watch(reject);
      });
    } finally {
      this.#isOver = true;
      this.#silence.end();
      await this.#messageFeed.drained();
      await client.endAsync(true).catch(() => {});
    }
  }

  #connected(client: MqttClient, sessionPresent: boolean): void {
    const { topics, qos } = this.#settings;
    this.#messageFeed.join(sessionPresent);
    client.subscribe([...topics], { qos }, (error, granted = []) => {
      // Some brokers grant 128 to refuse, others send an error.
      const refused = granted.find((each) => Number(each.qos) === REFUSED);
      if (error === null && refused === undefined) return this.#context.ready();
      const what = refused === undefined ? topics.join(", ") : refused.topic;
      this.#fail(new SourceFault(`The source refuses ${what}: ${error?.message ?? "not allowed"}`));
    });
  }

  #heard(topic: string, payload: Uint8Array, isRetained: boolean): void {
    this.#silence.heard();
    if (this.#isOver || (isRetained && !this.#isFirst)) return;
    try {
      this.#messageFeed.take(payload, { symbol: this.#settings.naming(topic) });
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Delays the acknowledgement of a message until it is on the tape. The client acknowledges each message before
   * it reads the next; if the handler waited, only one message at a time could come through.
   */
  #acknowledgeLate(client: MqttClient): void {
    const internal = client as unknown as { _sendPacket: (...given: unknown[]) => unknown };
    const send = internal._sendPacket.bind(client);
    internal._sendPacket = (packet, done, ...others) => {
      if ((packet as { cmd: string }).cmd !== "puback") return send(packet, done, ...others);
      this.#messageFeed.drained().then(() => {
        if (!this.#isOver && client.connected) send(packet, () => {});
      }, this.#fail);
      (done as (() => void) | undefined)?.();
    };
  }
}
