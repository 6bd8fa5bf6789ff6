import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type Config,
  ConfigError,
  type Invocation,
  readConfig,
  type Report,
} from "../src/config.ts";

interface Given {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Texts of files by path. */
  readonly files?: Readonly<Record<string, string>>;
}

function read({ args = [], env = {}, files = {} }: Given): Invocation {
  return readConfig({ args, env, readFile: (path) => files[path] });
}

function serve(given: Given): Config {
  const invocation = read(given);
  assert.ok(invocation.kind === "serve");
  return invocation.config;
}

function check(given: Given): Report {
  const invocation = read({ ...given, args: [...given.args ?? [], "--check"] });
  assert.ok(invocation.kind === "check");
  return invocation.report;
}

/** The message of a refusal, which is one line. */
function refusal(given: Given): string {
  try {
    read(given);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.match(error.message, /^Cannot [^\n]*[^.\n]$/);
    return error.message;
  }
  assert.fail("accepted");
}

const file = (settings: unknown) => ({ "tickwire.json": JSON.stringify(settings) });

/** A setting of every kind, with a value that is not its default, as text and as read. */
const VALUES: [name: keyof Config, text: string, value: unknown][] = [
  ["host", "0.0.0.0", "0.0.0.0"],
  ["port", "8080", 8_080],
  ["tape", "memory:5", "memory:5"],
  ["flush", "25", 25],
  ["heartbeat", "1m", 60_000],
  ["drain", "250ms", 250],
  ["sessions-max", "5", 5],
  ["body-max", "1000", 1_000],
];

describe("readConfig", () => {
  test("readConfig without settings serves on http://localhost:5050 with a synthetic market", () => {
    const config = serve({});
    assert.equal(config.host, "127.0.0.1");
    assert.equal(config.port, 5_050);
    assert.equal(config.flush, "auto");
    assert.deepEqual(config.feed, ["synthetic"]);
    assert.ok(config.origin.includes("https://pro.openbb.co"));
    assert.ok(config.origin.includes("https://app.lowcoder.cloud"));
    assert.deepEqual(serve({ args: ["serve"] }), config);
  });

  test("readConfig reads every setting from flags, the environment and the file", () => {
    for (const [name, text, value] of VALUES) {
      const variable = `TICKWIRE_${name.toUpperCase().replaceAll("-", "_")}`;
      assert.deepEqual(serve({ args: [`--${name}`, text] })[name], value);
      assert.deepEqual(serve({ args: [`--${name}=${text}`] })[name], value);
      assert.deepEqual(serve({ env: { [variable]: text } })[name], value);
      assert.deepEqual(serve({ files: file({ [name]: text }) })[name], value);
      assert.deepEqual(serve({ files: file({ [name]: value }) })[name], value);
    }
  });

  test("readConfig prefers flags to the environment, and the environment to the file", () => {
    const files = file({ port: 1, host: "file", flush: 2 });
    const env = { TICKWIRE_PORT: "3", TICKWIRE_HOST: "env" };
    const { port, host, flush } = serve({ args: ["--port", "4"], env, files });
    assert.deepEqual([port, host, flush], [4, "env", 2]);
    const lists = file({ feed: ["file"], origin: "https://file" });
    const config = serve({ args: ["--feed", "flag"], env: { TICKWIRE_FEED: "env" }, files: lists });
    assert.deepEqual([config.feed, config.origin], [["flag"], ["https://file"]]);
  });

  test("readConfig takes the last value of a repeated flag, and all of a repeatable one", () => {
    assert.equal(serve({ args: ["--port", "1", "--port", "2"] }).port, 2);
    const args = ["--feed", "synthetic:?seed=1", "--feed=replay:a b.csv", "--origin", "https://a"];
    const { feed, origin } = serve({ args });
    assert.deepEqual(feed, ["synthetic:?seed=1", "replay:a b.csv"]);
    assert.deepEqual(origin, ["https://a"]);
  });

  test("readConfig splits repeatable settings of the environment at blanks and line ends", () => {
    for (const text of ["a b", " a  b ", "a\nb\n"]) {
      assert.deepEqual(
        serve({ env: { TICKWIRE_FEED: text } }).feed,
        ["a", "b"],
        JSON.stringify(text),
      );
    }
  });

  test("readConfig takes repeatable settings of the file as a text or a list", () => {
    assert.deepEqual(serve({ files: file({ feed: "none" }) }).feed, ["none"]);
    assert.deepEqual(serve({ files: file({ feed: ["a b", "c"] }) }).feed, ["a b", "c"]);
  });

  test("readConfig treats an empty variable as absent, and ignores other variables", () => {
    const env = { TICKWIRE_PORT: "", TICKWIRE_FEED: "", PORT: "1", TICKWIRE_UNKNOWN: "1" };
    assert.deepEqual(serve({ env }), serve({}));
  });

  test("readConfig reads the file that --config names instead of tickwire.json", () => {
    const files = { ...file({ port: 1 }), "other.json": '{"port":2}' };
    assert.equal(serve({ files }).port, 1);
    assert.equal(serve({ args: ["--config", "other.json"], files }).port, 2);
    assert.match(
      refusal({ args: ["--config", "nope.json"] }),
      /nope\.json: there is no such file$/,
    );
  });

  test("readConfig knows the commands serve and health and refuses others", () => {
    assert.equal(read({ args: ["health", "--port", "1"] }).kind, "health");
    assert.match(refusal({ args: ["start"] }), /^Cannot run start: there is no such command/);
    assert.doesNotMatch(refusal({ args: ["start"] }), /did you mean/);
    for (const [word, name] of [["serv", "serve"], ["wacth", "watch"], ["exprot", "export"]]) {
      const message =
        `Cannot run ${word}: there is no such command (did you mean ${name}?), see tickwire --help`;
      assert.equal(refusal({ args: [word!] }), message);
    }
    assert.match(refusal({ args: ["serve", "x"] }), /^Cannot use x: serve takes no words$/);
    assert.match(refusal({ args: ["--", "--port"] }), /--port/);
  });

  test("readConfig gives a command its own settings and refuses others", () => {
    const health = read({
      args: ["health"],
      env: { TICKWIRE_PORT: "1", TICKWIRE_FEED: "what:ever", TICKWIRE_FLUSH: "no number" },
      files: file({ host: "h", "body-max": "no number" }),
    });
    assert.ok(health.kind === "health");
    assert.deepEqual(health.config, { host: "h", port: 1 });
    const message = "Cannot use --feed: health has no such flag, see tickwire health --help";
    assert.equal(refusal({ args: ["health", "--feed", "none"] }), message);
    assert.match(refusal({ args: ["health", "--check"] }), /^Cannot use --check: health has no/);
    assert.match(refusal({ args: ["--instruments", "{}"] }), /^Cannot use --instruments: there is/);
    const env = { TICKWIRE_INSTRUMENTS: "{}" };
    assert.equal(serve({ env }).instruments.size, 0);
    const help = read({ args: ["health", "--help"] });
    assert.deepEqual(help, { kind: "help", command: "health" });
    assert.deepEqual(read({ args: ["--help"] }), { kind: "help", command: undefined });
  });

  test("readConfig reads hosts, in the environment separated by blanks", () => {
    assert.deepEqual(serve({})["allowed-host"], []);
    const hosts = ["ticks.example", "[::1]", "fe80::1", "10.0.0.1", "*"];
    const args = hosts.flatMap((host) => ["--allowed-host", host]);
    assert.deepEqual(serve({ args })["allowed-host"], hosts);
    const env = { TICKWIRE_ALLOWED_HOST: hosts.join(" ") };
    assert.deepEqual(serve({ env })["allowed-host"], hosts);
  });

  test("readConfig reads keys, several in one variable or in a list of the file", () => {
    const none = serve({});
    assert.deepEqual([none["read-key"], none["write-key"]], [[], []]);
    const config = serve({
      args: ["--write-key", "a,b", "--write-key=c"],
      env: { TICKWIRE_READ_KEY: " one  two " },
    });
    assert.deepEqual(config["write-key"], ["a,b", "c"]);
    assert.deepEqual(config["read-key"], ["one", "two"]);
    assert.deepEqual(serve({ files: file({ "read-key": ["x"] }) })["read-key"], ["x"]);
    for (const wrong of ["", " ", "a b", "é", "k".repeat(201)]) {
      for (const name of ["read-key", "write-key"]) {
        const message = refusal({ args: [`--${name}=${wrong}`] });
        assert.ok(message.startsWith(`Cannot use --${name} ****: `), message);
        assert.match(refusal({ files: file({ [name]: [wrong, "k"] }) }), /json \*{4}: /);
      }
    }
  });

  test("readConfig reads the instruments of the file", () => {
    const instruments = {
      AAPL: { name: "Apple", decimals: 3, prev_close: -1.5, description: "d", shares: 5 },
      "BTC/USD": {},
      constructor: { name: "c" },
    };
    const config = serve({ files: file({ instruments }) });
    assert.deepEqual([...config.instruments], [
      ["AAPL", { name: "Apple", decimals: 3, prevClose: -1.5, description: "d", shares: 5 }],
      ["BTC/USD", {}],
      ["constructor", { name: "c" }],
    ]);
  });

  test("readConfig shows no secret with --check, from any source", () => {
    const secrets = ["pw1234", "token9", "s".repeat(40)];
    const log = `nats://me:${secrets[0]}@h:4222?token=${secrets[1]}`;
    const shown = JSON.stringify(check({ args: ["--log", log, "--jwt-secret", secrets[2]!] }));
    for (const secret of secrets) assert.doesNotMatch(shown, new RegExp(secret));
    assert.match(shown, /@h:4222/);
  });

  test("readConfig reports with --check every value and its source, without keys", () => {
    const files = file({
      host: "h",
      port: 1,
      instruments: { A: { prev_close: 1 } },
      "write-key": ["hidden-1"],
    });
    const report = check({
      args: ["--port=3", "--feed", "tickwire:wss://u:hidden-2@h/?key=hidden-3", "--drain=2s"],
      env: { TICKWIRE_PORT: "2", TICKWIRE_READ_KEY: "hidden-4 hidden-5" },
      files,
    });
    const { settings } = report;
    assert.equal(report.file, "tickwire.json");
    assert.deepEqual(settings["host"], { value: "h", source: "file" });
    assert.deepEqual(settings["port"], { value: 3, source: "flag" });
    assert.deepEqual(settings["drain"], { value: 2_000, source: "flag" });
    assert.deepEqual(settings["flush"], { value: "auto", source: "default" });
    assert.deepEqual(settings["read-key"], { value: ["****", "****"], source: "environment" });
    assert.deepEqual(settings["instruments"]!.value, { A: { prev_close: 1 } });
    assert.doesNotMatch(JSON.stringify(report), /hidden/);
    assert.deepEqual(Object.keys(settings).sort(), Object.keys(serve({})).sort());
    assert.equal(check({}).file, null);
    assert.match(refusal({ args: ["--check", "--port", "x"] }), /^Cannot use --port/);
    assert.match(refusal({ args: ["--check=yes"] }), /^Cannot use --check: it takes no value$/);
    assert.equal(read({ env: { TICKWIRE_CHECK: "true" } }).kind, "check");
    assert.equal(read({ env: { TICKWIRE_CHECK: "false" } }).kind, "serve");
    assert.equal(read({ files: file({ check: true }) }).kind, "check");
    assert.match(refusal({ env: { TICKWIRE_CHECK: "yes" } }), /^Cannot use TICKWIRE_CHECK "yes"/);
  });

  test("readConfig answers --help and --version before it reads anything else", () => {
    for (const flag of ["--help", "-h"]) {
      assert.equal(
        read({ args: [flag, "--port", "x"], files: { "tickwire.json": "{" } }).kind,
        "help",
      );
    }
    for (const flag of ["--version", "-v"]) assert.equal(read({ args: [flag] }).kind, "version");
  });
});

describe("readConfig refuses", () => {
  test("An unknown flag is refused with a suggestion", () => {
    const meant: [string, string][] = [
      ["--prot", "port"],
      ["--feeds", "feed"],
      ["--orgin", "origin"],
      ["--origins", "origin"],
      ["--hots", "host"],
      ["--heart", "heartbeat"],
      ["--sessions-mx", "sessions-max"],
    ];
    for (const [flag, name] of meant) {
      const message = refusal({ args: [flag, "1"] });
      assert.match(message, new RegExp(`^Cannot use ${flag}: .*did you mean ${name}\\?`));
    }
    assert.doesNotMatch(refusal({ args: ["--zzz"] }), /did you mean/);
    assert.match(refusal({ args: ["-x"] }), /^Cannot use -x: there is no such flag/);
  });

  test("A bad value is refused with the name of the flag, variable or key, and the value", () => {
    const wrong: [keyof Config, string][] = [
      ["port", "abc"],
      ["port", "-1"],
      ["port", "65536"],
      ["port", "1.5"],
      ["port", " "],
      ["flush", "0"],
      ["flush", "1001"],
      ["workers", "0"],
      ["workers", "65"],
      ["workers", "some"],
      ["heartbeat", "soon"],
      ["stalled", "-1s"],
      ["public-url", "ticks.example.com"],
      ["public-url", "ftp://ticks.example.com"],
      ["sessions-max", "0"],
      ["commands-max", "19"],
      ["bars-max", "1499"],
      ["origin", "app.example.com"],
      ["origin", "https://a/path"],
      ["allowed-host", "https://a"],
      ["allowed-host", "ticks.example:5050"],
      ["allowed-host", "a:5050"],
      ["allowed-host", "*.example"],
      ["allowed-host", "[::1]:5050"],
      ["room-kept", "long"],
      ["rooms-max", "0"],
      ["body-max", "1e400"],
    ];
    for (const [name, text] of wrong) {
      const variable = `TICKWIRE_${name.toUpperCase().replaceAll("-", "_")}`;
      const shown = JSON.stringify(text);
      for (
        const [given, source] of [
          [{ args: [`--${name}=${text}`] }, `--${name}`],
          [{ env: { [variable]: text } }, variable],
          [{ files: file({ [name]: text }) }, `${name} of tickwire.json`],
        ] as const
      ) {
        const message = refusal(given);
        const value =
          ["origin", "allowed-host"].includes(name) && source !== `${name} of tickwire.json`
            ? `[${shown}]`
            : shown;
        assert.ok(message.startsWith(`Cannot use ${source} ${value}: `), message);
        assert.doesNotMatch(message, /invalid input/i, message);
      }
    }
  });

  test("An empty value is refused, and not read as 0", () => {
    for (const name of ["port", "host", "tape", "feed", "flush", "heartbeat", "body-max"]) {
      assert.match(refusal({ args: [`--${name}=`] }), new RegExp(`^Cannot use --${name} `));
    }
  });

  test("A value of the wrong type in the file is refused, and not converted to a number", () => {
    const wrong = { port: [null, true, false, [], {}, [1]], flush: [true], host: [1, null] };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        const message = refusal({ files: file({ [name]: value }) });
        assert.ok(message.startsWith(`Cannot use ${name} of tickwire.json `), message);
      }
    }
    for (const feed of [[], null, 5, [""], ["none", 5]]) {
      assert.match(refusal({ files: file({ feed }) }), /^Cannot use feed of tickwire\.json /);
    }
  });

  test("A flag without its value is refused with the flag's name", () => {
    for (const args of [["--port"], ["--feed"], ["--config"], ["--port", "1", "--host"]]) {
      assert.match(refusal({ args }), new RegExp(`^Cannot use ${args.at(-1)}: it needs a value$`));
    }
    assert.match(refusal({ args: ["--port", "--host", "h"] }), /--port/);
  });

  test("A file that is not JSON or no object is refused with its name", () => {
    assert.match(refusal({ files: { "tickwire.json": "{" } }), /^Cannot read tickwire\.json: ./);
    for (const text of ["[]", "null", "5", '"port"']) {
      const message = refusal({ files: { "tickwire.json": text } });
      assert.equal(message, "Cannot read tickwire.json: it is not a JSON object of settings");
    }
    const args = ["--config", "a/b.json"];
    assert.match(refusal({ args, files: { "a/b.json": "" } }), /^Cannot read a\/b\.json: ./);
  });

  test("An unknown key of the file is refused with a suggestion", () => {
    const message = refusal({ files: file({ prot: 1 }) });
    assert.match(message, /^Cannot use prot of tickwire\.json: .*did you mean port\?/);
    assert.match(
      refusal({ files: { "tickwire.json": '{"__proto__":1}' } }),
      /^Cannot use __proto__ /,
    );
    assert.match(refusal({ files: file({ config: "x" }) }), /^Cannot use config of tickwire\.json/);
  });

  test("A bad instrument is refused with the place of the fault", () => {
    const wrong: [instruments: unknown, start: string][] = [
      [[], "instruments of tickwire.json []: "],
      [{ A: 5 }, "instruments.A of tickwire.json 5: "],
      [{ A: { decimals: 9 } }, "instruments.A.decimals of tickwire.json 9: "],
      [{ A: { decimals: "2" } }, 'instruments.A.decimals of tickwire.json "2": '],
      [{ A: { shares: -1 } }, "instruments.A.shares of tickwire.json -1: "],
      [{ A: { name: null } }, "instruments.A.name of tickwire.json null: "],
      [{ A: { prevClose: 1 } }, 'instruments.A of tickwire.json {"prevClose":1}: unrecognized key'],
      [{ "a b": {} }, "instruments.a b of tickwire.json {}: a symbol has no spaces"],
    ];
    for (const [instruments, start] of wrong) {
      const message = refusal({ files: file({ instruments }) });
      assert.ok(message.startsWith(`Cannot use ${start}`), message);
    }
  });

  test("A name that appears twice in the file is refused, at any level", () => {
    const twice: [text: string, name: string | undefined][] = [
      ['{"port":1,"port":2}', "port"],
      ['{"instruments":{"A":{"name":"x"},"A":{"name":"y"}}}', "A"],
      ['{"instruments":{"A":{"name":"x","decimals":2,"n\\u0061me":"y"}}}', "name"],
      ['{"instruments":{"A":{"name":"B"},"B":{"name":"{\\"A\\":1,\\"A\\":2}"}}}', undefined],
    ];
    for (const [text, name] of twice) {
      const files = { "tickwire.json": text };
      if (name === undefined) assert.equal(serve({ files }).instruments.size, 2);
      else assert.equal(refusal({ files }), `Cannot read tickwire.json: it has ${name} twice`);
    }
  });

  test("An unreadable file is refused without any of its content", () => {
    for (
      const text of ['{"read-key": hidden}', '{"read-key": "hidden', '{"read-key": "hidden" x}']
    ) {
      assert.doesNotMatch(refusal({ files: { "tickwire.json": text } }), /hid/);
    }
  });

  test("Every refusal is a message in words", () => {
    const flag = fc.constantFrom(
      "--port",
      "--feed=",
      "--help",
      "-h",
      "--no-port",
      "--",
      "serve",
      "-p",
    );
    fc.assert(fc.property(fc.array(fc.oneof(flag, fc.string())), fc.json(), (args, text) => {
      try {
        read({ args, files: { "tickwire.json": text } });
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
      }
    }));
  });
});
