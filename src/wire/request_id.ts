/** https://tc39.es/proposal-json-parse-with-source/, which the compiler does not know yet. */
const { parse, rawJSON } = JSON as unknown as {
  parse(
    text: string,
    reviver: (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
};

/** Every answer repeats it, so a long one would make of a small frame many large ones. */
const LENGTH_MAX = 32;

/**
 * The id of a request as it has to stand in the answer. A number that is not a whole one up to 2^53 would
 * come back as another one, and its client wait for ever: it is written again as it was sent.
 * @param text the frame, an object in JSON
 * @param name of the field in which the id is
 * @param id as the frame was read
 */
export function exactId(text: string, name: string, id: unknown): unknown {
  if (typeof id !== "number" || Number.isSafeInteger(id)) return id;
  const written = new Map<unknown, string>();
  const frame = parse(text, function (key, value, { source }) {
    if (key === name && source !== undefined) written.set(this, source);
    return value;
  });
  const source = written.get(frame)!;
  return source === String(id) || source.length > LENGTH_MAX ? id : rawJSON(source);
}
