import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { stage } from "../load.ts";
import { ENVIRONMENT, ROOT } from "../measured.ts";
import type { Case, Scenario } from "../scenario.ts";
import { bareBun, type Server, tickwire } from "../servers.ts";

const STARTS = 5;
const EXECUTABLE = join(ROOT, "dist", "tickwire");
const feed = "synthetic:?history=0";

const executable = tickwire(EXECUTABLE, { name: "executable", feed });

export const start: Scenario = {
  name: "start",
  title: "from the start of the program to its first answer, history=0",
  columns: [{ title: "ms", name: "ms", decimals: 0 }],
  cases: [
    { ...startCase(executable), missing: build },
    ...[tickwire("bun", { feed }), tickwire("deno", { feed }), bareBun].map(startCase),
  ],
  goals: (of) => [{
    what: "executable",
    value: of(executable.name, "ms"),
    limit: 100,
    unit: "ms",
  }],
};

function startCase(server: Server): Case {
  return {
    name: server.name,
    missing: server.missing,
    async measure() {
      const times: number[] = [];
      for (let count = 0; count < STARTS; count++) {
        times.push(await stage(server, ({ run }) => Promise.resolve(run.startMs)));
      }
      return { ms: times.sort((a, b) => a - b)[Math.floor(STARTS / 2)]! };
    },
  };
}

/** Builds the executable, so that the measured one is current. */
function build(): string | undefined {
  const { stderr } = spawnSync("deno", ["task", "build"], {
    cwd: ROOT,
    env: ENVIRONMENT,
    encoding: "utf8",
  });
  return existsSync(EXECUTABLE) ? undefined : `it cannot be built: ${stderr}`;
}
