/** https://tc39.es/proposal-json-parse-with-source/, which TypeScript does not declare yet. */
const { parse, rawJSON } = JSON as unknown as {
  parse(
    text: string,
    reviver: (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
};

/** Each answer repeats the id, so a long one would turn a small frame into many large answers. */
const LENGTH_MAX = 32;

/**
 * The id of a request as its answer must repeat it. A number beyond 2^53 or with a fraction may change when
 * it is parsed, and the client would wait for ever. So the answer repeats its source text.
 * @param text the frame, a JSON object
 * @param name of the field with the id
 * @param id the parsed id
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
