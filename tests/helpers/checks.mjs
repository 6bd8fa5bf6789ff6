import process from "node:process";

/** Runs checks one after another and counts them, for test programs. */
export class Checks {
  passed = 0;
  failed = 0;

  /**
   * @param {string} name
   * @param {() => unknown} run
   */
  async check(name, run) {
    const startedAt = performance.now();
    let fault = "";
    try {
      await run();
      this.passed++;
    } catch (error) {
      this.failed++;
      fault = `\n${error instanceof Error ? describe(error) : error}`.replaceAll("\n", "\n    ");
    }
    const word = fault === "" ? "ok    " : "FAILED";
    print(`${word}  ${name} (${Math.round(performance.now() - startedAt)} ms)${fault}`);
  }

  /** @returns the exit code */
  end() {
    print(`${this.passed} passed, ${this.failed} failed`);
    return this.failed > 0 ? 1 : 0;
  }
}

/** @param {Error} error @returns {string} */
function describe({ stack, message, cause }) {
  const text = stack?.includes(message) ? stack : `${message}\n${stack}`;
  return cause instanceof Error ? `${text}\ncaused by ${describe(cause)}` : text;
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
