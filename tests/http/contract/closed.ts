/**
 * Forbids unknown fields: clients must accept new fields, but a server sends only described ones.
 */
export function closed<Node>(node: Node): Node {
  if (Array.isArray(node)) return node.map(closed) as Node;
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).map(([name, value]) => [name, closed(value)] as const);
  const own: Record<string, unknown> = Object.fromEntries(entries);
  if (own["type"] === "object" && own["properties"] !== undefined) {
    own["additionalProperties"] ??= false;
  }
  return own as Node;
}
