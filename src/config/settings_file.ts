import { ConfigError, suggest } from "./flags.ts";

const USUAL_PATH = "tickwire.json";

export interface SettingsFile {
  readonly path: string;
  /** `undefined` without a file. */
  readonly settings: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Reads the settings file.
 * @param asked path of a file that must exist; without it the default path is optional
 * @throws {ConfigError}
 */
export function readSettingsFile(
  asked: string | undefined,
  known: readonly string[],
  readFile: (path: string) => string | undefined,
): SettingsFile {
  const path = asked ?? USUAL_PATH;
  const content = readFile(path);
  if (content === undefined) {
    if (asked !== undefined) throw new ConfigError(`Cannot read ${path}: there is no such file`);
    return { path, settings: undefined };
  }
  let settings: unknown;
  try {
    settings = JSON.parse(content);
  } catch (cause) {
    // Some parsers quote the text, which may contain a key.
    const message = (cause as Error).message.replace(/,? *(?:\.{3})?".*"(?:\.{3})?/s, "");
    throw new ConfigError(`Cannot read ${path}: ${message}`);
  }
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) {
    throw new ConfigError(`Cannot read ${path}: it is not a JSON object of settings`);
  }
  const twice = nameGivenTwice(content);
  if (twice !== undefined) throw new ConfigError(`Cannot read ${path}: it has ${twice} twice`);
  for (const name of Object.keys(settings)) {
    if (known.includes(name)) continue;
    throw new ConfigError(
      `Cannot use ${name} of ${path}: there is no such setting${suggest(name, known)}`,
    );
  }
  return { path, settings: settings as Record<string, unknown> };
}

/** A name that occurs twice in one JSON object: parsing would silently drop the first value. */
function nameGivenTwice(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, text, colon] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    if (colon === undefined) continue;
    const names = open.at(-1)!;
    const name: string = JSON.parse(text!);
    if (names.has(name)) return name;
    names.add(name);
  }
  return undefined;
}
