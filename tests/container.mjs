// Builds the Dockerfile and runs the image. The base images are made of this machine's own files,
// so that the test needs no image registry. It needs buildah and root.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Checks } from "./helpers/checks.mjs";
import { freePort } from "./helpers/free_port.mjs";
import { until } from "./helpers/until.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url).href);
const IMAGE = "localhost/tickwire-test";
const BUILD_IMAGE = "localhost/tickwire-test-build";
const RUNTIME_IMAGE = "localhost/tickwire-test-runtime";
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const NPM_CACHE = "/npm-cache";

const checks = new Checks();
const check = checks.check.bind(checks);
/** @type {import("node:child_process").ChildProcess | undefined} */
let server;

const folder = mkdtempSync(join(tmpdir(), "tickwire-container-"));
const env = { ...process.env, TMPDIR: folder };
const storage = ["--root", join(folder, "storage"), "--runroot", join(folder, "run")]
  .concat("--storage-driver", "vfs");
process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
process.once("exit", removeAll);

await check("The Dockerfile builds", () => {
  makeBase(RUNTIME_IMAGE, (root) => copyLibraries(join(ROOT, "node_modules/.bin/bun"), root), {});
  makeBase(BUILD_IMAGE, copyBuildTools, {
    NODE_EXTRA_CA_CERTS: CERTIFICATES,
    NPM_CONFIG_CACHE: NPM_CACHE,
    NPM_CONFIG_PREFER_OFFLINE: "true",
    NPM_CONFIG_REGISTRY: output("npm", "config", "get", "registry"),
  });
  buildah("bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--quiet", [
    ...["--volume", `${output("npm", "config", "get", "cache")}:${NPM_CACHE}`],
    ...["--build-arg", `BUILD_IMAGE=${BUILD_IMAGE}`],
    ...["--build-arg", `RUNTIME_IMAGE=${RUNTIME_IMAGE}`],
    ...["--tag", IMAGE, ROOT],
  ]);
});
if (checks.failed === 0) await checkImage();
process.exit(checks.end());

async function checkImage() {
  const { config } = JSON.parse(buildah("inspect", "--type", "image", IMAGE)).Docker;
  await check("The image names its user, port, volume and health check", () => {
    assert.match(config.User, /^[1-9][0-9]*:[1-9][0-9]*$/);
    assert.deepEqual(Object.keys(config.ExposedPorts), ["5050/tcp"]);
    assert.deepEqual(Object.keys(config.Volumes), ["/data"]);
    assert.deepEqual(config.Healthcheck.Test, ["CMD", "tickwire", "health"]);
  });

  const port = await freePort();
  const setting = `TICKWIRE_PORT=${port}`;
  const run = ["run", "--isolation", "chroot", "--env", setting];
  run.push(buildah("from", "--pull-never", IMAGE), "--", ...config.Entrypoint);
  const container = spawn("buildah", [...storage, ...run], { env, stdio: "inherit" });
  server = container;

  await check("The container answers /healthz", async () => {
    const isHealthy = async () =>
      container.exitCode !== null || (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
    await until("it is healthy", isHealthy);
    assert.equal(container.exitCode, null, "the server has stopped");
  });
  await check("The container's health check succeeds", () => void buildah(...run, "health"));
  await check("The container runs as the image's user", () => {
    const status = readFileSync(`/proc/${serverPid(setting)}/status`, "utf8");
    const [user] = config.User.split(":");
    assert.match(status, new RegExp(`^Uid:\\s+${user}\\s+${user}\\s`, "m"));
  });
  await check("The volume belongs to the image's user", () => {
    const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const volume = paths.find((path) => /\/buildah-volumes\/[0-9a-f]+$/.test(path));
    assert.ok(volume, "there is no volume");
    const { uid, gid } = statSync(join(folder, volume));
    assert.equal(`${uid}:${gid}`, config.User);
  });
  await check("The container stops on SIGTERM with exit code 0", async () => {
    process.kill(serverPid(setting), "SIGTERM");
    await until("it has stopped", () => container.exitCode, (code) => code === 0);
  });
  await check("The container's health check fails when no server runs", () => {
    const { status } = spawnSync("buildah", [...storage, ...run, "health"], { env });
    assert.equal(status, 1);
  });
}

/**
 * Makes an image from scratch out of what `fill` puts into a folder.
 * @param {string} image
 * @param {(root: string) => void} fill
 * @param {Record<string, string>} variables
 */
function makeBase(image, fill, variables) {
  const root = mkdtempSync(join(folder, "base-"));
  mkdirSync(join(root, "tmp"));
  fill(root);
  const container = buildah("from", "scratch");
  buildah("copy", "--quiet", container, root, "/");
  for (const [name, value] of Object.entries(variables)) {
    buildah("config", "--env", `${name}=${value}`, container);
  }
  buildah("commit", "--quiet", "--rm", container, image);
  rmSync(root, { recursive: true });
}

/**
 * Copies what `npm ci` and the build need: Node, npm, a shell and this machine's certificates.
 * @param {string} root
 */
function copyBuildTools(root) {
  copyTool(process.execPath, "usr/local/bin/node", root);
  copyTool(output("which", "sh"), "bin/sh", root);
  copyTool(output("which", "env"), "usr/bin/env", root);
  copyTool(output("which", "mkdir"), "bin/mkdir", root);
  const npm = dirname(dirname(realpathSync(output("which", "npm"))));
  // Debian's own npm keeps its modules next to itself, everyone else's inside.
  const modules = existsSync(join(npm, "node_modules")) ? npm : dirname(npm);
  cpSync(modules, join(root, modules), { recursive: true, verbatimSymlinks: true });
  for (const command of ["npm", "npx"]) {
    symlinkSync(join(npm, `bin/${command}-cli.js`), join(root, "usr/local/bin", command));
  }
  if (existsSync(CERTIFICATES)) copyFile(CERTIFICATES, join(root, CERTIFICATES));
}

/**
 * @param {string} executable
 * @param {string} target
 * @param {string} root
 */
function copyTool(executable, target, root) {
  copyFile(executable, join(root, target));
  copyLibraries(executable, root);
}

/**
 * @param {string} executable
 * @param {string} root
 */
function copyLibraries(executable, root) {
  for (const [, path = ""] of output("ldd", executable).matchAll(/(\/\S+) \(0x/g)) {
    copyFile(path, join(root, path));
  }
}

/**
 * @param {string} from
 * @param {string} to
 */
function copyFile(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** @param {(string | string[])[]} args */
function buildah(...args) {
  return output("buildah", ...storage, ...args.flat());
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function output(command, ...args) {
  /** @type {import("node:child_process").ExecFileSyncOptionsWithStringEncoding} */
  const options = { cwd: ROOT, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };
  return execFileSync(command, args, options).trim();
}

/**
 * Finds the server's process on this machine, since chroot isolation hides no processes.
 * @param {string} setting that only this server has in its environment
 * @returns {number}
 */
function serverPid(setting) {
  const pid = readdirSync("/proc").find((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, "utf8").startsWith("/usr/local/bin/tickwire") &&
        readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(setting);
    } catch {
      return false; // Not a process, or one that has just ended.
    }
  });
  assert.ok(pid, "the server does not run");
  return Number(pid);
}

function removeAll() {
  server?.kill("SIGTERM");
  spawnSync("buildah", [...storage, "rm", "--all"], { env });
  spawnSync("buildah", [...storage, "rmi", "--all", "--force"], { env });
  // With a mount left behind, the removal would delete the files of the mounted folder.
  if (readFileSync("/proc/mounts", "utf8").includes(folder)) {
    process.stderr.write(`Cannot remove ${folder}: something is still mounted in it\n`);
  } else {
    rmSync(folder, { recursive: true, force: true });
  }
}
