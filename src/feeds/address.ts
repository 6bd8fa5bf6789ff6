import { checkOptions, type FeedSpec, readOptions, unusable } from "./feed.ts";

/** The address of a kind of feed. */
export interface Addressing {
  readonly protocols: readonly string[];
  /** Such as `poll:https://host/prices.json?every=10s`. */
  readonly example: string;
  /** Options of the feed. The rest of the query belongs to the address. */
  readonly options: readonly string[];
}

/**
 * Takes the feed's options out of the query of its address. After a `#` everything is an option, and the
 * query belongs to the address.
 * @returns the address, and the feed with only its own options
 * @throws {RangeError}
 */
export function addressOf(
  spec: FeedSpec,
  { protocols, example, options: known }: Addressing,
): { readonly url: string; readonly own: FeedSpec } {
  const { url, options } = takeOptions(spec, known);
  const own = { ...spec, options };
  checkOptions(own, known);
  const protocol = URL.parse(url)?.protocol;
  if (protocol === undefined || !protocols.includes(protocol) || !/:\/\/./.test(url)) {
    throw unusable(spec, `name an address, as in ${example}`);
  }
  return { url: new URL(url).href, own };
}

function takeOptions({ rest, expand }: FeedSpec, known: readonly string[]) {
  const hash = rest.indexOf("#");
  if (hash >= 0) {
    return { url: expand(rest.slice(0, hash)), options: readOptions(rest.slice(hash + 1), expand) };
  }
  const question = rest.indexOf("?");
  const address = question < 0 ? rest : rest.slice(0, question);
  const parts = question < 0 ? [] : rest.slice(question + 1).split("&");
  const isOption = (part: string) => known.includes(part.split("=", 1)[0]!);
  const kept = parts.filter((part) => part !== "" && !isOption(part)).join("&");
  return {
    url: expand(kept === "" ? address : `${address}?${kept}`),
    options: readOptions(parts.filter(isOption).join("&"), expand),
  };
}

/** Values of `header` that describe a text instead of a request header. */
const HEADER_WORDS = ["none", "first"];

/** Request headers, such as `header=Authorization: Bearer ${TOKEN}`. @throws {RangeError} */
export function headersOf(spec: FeedSpec): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const header of spec.options.getAll("header")) {
    if (HEADER_WORDS.includes(header)) continue;
    const [, name, value] = /^([\w-]+)\s*:\s*([\x20-\x7e]+)$/.exec(header) ?? [];
    if (name === undefined || value === undefined) {
      throw unusable(spec, "a header is not NAME:VALUE");
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}
