/** The compared servers: how to start them, send ticks and subscribe. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Command,
  ENVIRONMENT,
  freePort,
  type Measured,
  ROOT,
  startMeasured,
  startServer,
} from "./measured.ts";

export interface Server {
  readonly name: string;
  /** Why the server cannot run on this machine; `undefined` if it can. */
  missing(): string | undefined;
  start(): Promise<Fed>;
  /** The path where a client gets every tick. */
  readonly path: string;
  /** The first message of a client; empty for none. */
  readonly hello: string;
  readonly feed: Feed;
}

/** How ticks are sent to a server, and the most ticks in one request. */
export interface Feed {
  readonly kind: "http" | "ws" | "nats";
  readonly path: string;
  readonly batch: number;
}

export interface Fed extends Measured {
  readonly feedPort: number;
}

const PEERS = join(ROOT, "bench", "peers");
/** Debian's Python finds Debian's packages. */
const PYTHON = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
const PYTHON_PACKAGES = "fastapi, uvicorn, websockets, uvloop, httptools";

const EVERY_TICK: Pick<Server, "path" | "hello" | "feed"> = {
  path: "/ws",
  hello: "",
  feed: { kind: "ws", path: "/ticks?format=ndjson", batch: 1_000 },
};

/** The usual way of programs to send ticks. */
export const HTTP_FEED: Feed = { kind: "http", path: "/ticks", batch: 1_000 };

/** tickwire on a runtime, or the executable at a path. */
export function tickwire(
  runtime: string,
  { name = runtime, feed = "none" }: { name?: string; feed?: string } = {},
): Server {
  return {
    ...EVERY_TICK,
    name: `tickwire, ${name}`,
    path: "/ws?symbol=*",
    missing: () => missingProgram(runtime),
    start: async () => fed(await startMeasured(runtime, ["--feed", feed])),
  };
}

export const bareBun = peer("bare Bun.serve", "bun", (port) => [script("bun_publish.ts"), port]);

export const bareDeno = peer(
  "bare Deno.serve",
  "deno",
  (port) => ["run", "-A", "--no-lock", script("deno_send.ts"), port],
);

export const nodeWs = peer("Node ws", "node", (port) => [script("node_ws.mjs"), port]);

export const fastApi: Server = {
  ...peer("FastAPI, uvicorn", PYTHON, (port) => [
    ...["-m", "uvicorn", "--app-dir", PEERS, "--port", port, "--log-level", "critical"],
    "fastapi_app:app",
  ]),
  missing: () =>
    spawnSync(PYTHON, ["-c", `import ${PYTHON_PACKAGES}`]).status === 0
      ? undefined
      : `${PYTHON} has not all of ${PYTHON_PACKAGES}`,
};

export const nchan: Server = {
  ...peer("nginx nchan", "nginx", (PORT, folder) => [
    ...["-p", folder, "-c", configure("nchan.conf", folder, { PORT, MODULES: nginxModules() })],
    ...["-e", "stderr"],
  ]),
  // One message is one request.
  feed: { ...HTTP_FEED, batch: 1 },
  missing: () =>
    missingProgram("nginx") ??
      (existsSync(join(nginxModules(), "ngx_nchan_module.so"))
        ? undefined
        : "nginx has no nchan (Debian: libnginx-mod-nchan)"),
};

export const nats: Server = {
  ...EVERY_TICK,
  name: "NATS",
  hello: 'CONNECT {"verbose":false}\r\nSUB ticks 1\r\n',
  path: "/",
  feed: { kind: "nats", path: "", batch: 1 },
  missing: () => missingProgram("nats-server"),
  async start() {
    const feedPort = await freePort();
    const server = await startServer((port, folder) => {
      const values = { PORT: String(port), FEED: String(feedPort) };
      const path = configure("nats.conf", folder, values);
      return { program: "nats-server", args: ["-c", path, "-l", join(folder, "log")], ready: "/" };
    });
    return { ...server, feedPort };
  },
};

/** A server that takes ticks on the same port as clients. */
export function peer(
  name: string,
  program: string,
  args: (port: string, folder: string) => readonly string[],
): Server {
  const command = (port: number, folder: string): Command => ({
    program,
    args: args(String(port), folder),
    ready: "/",
  });
  return {
    ...EVERY_TICK,
    name,
    missing: () => missingProgram(program),
    start: async () => fed(await startServer(command)),
  };
}

export function script(name: string): string {
  return join(PEERS, name);
}

function missingProgram(program: string): string | undefined {
  const isThere = spawnSync("which", [program], { env: ENVIRONMENT }).status === 0;
  return isThere ? undefined : `${program} is not installed`;
}

function fed(server: Measured): Fed {
  return { ...server, feedPort: server.port };
}

/** Writes a configuration file with its `$NAMES` replaced. */
function configure(
  name: string,
  folder: string,
  values: Readonly<Record<string, string>>,
): string {
  const path = join(folder, name);
  const text = readFileSync(script(name), "utf8");
  writeFileSync(path, text.replace(/\$([A-Z]+)/g, (_, key: string) => values[key]!));
  return path;
}

function nginxModules(): string {
  const { stderr } = spawnSync("nginx", ["-V"], { encoding: "utf8" });
  return /--modules-path=(\S+)/.exec(stderr)?.[1] ?? "modules";
}
