/** Figures that each process counts for itself. All others are right in the first process. */
const OWN =
  /^tickwire_(?:clients|cohorts|room_clients|memory_bytes|sent_\w+|(?:append|flush|event_loop_lag)_seconds_\w+)$/;

/**
 * Adds the figures of several processes up, as if they were one server.
 * @param text of the first process, in Prometheus format @param others texts of other processes
 */
export function withOthers(text: string, others: readonly string[]): string {
  if (others.length === 0) return text;
  const sums = new Map<string, number>();
  for (const line of others.flatMap((other) => other.split("\n"))) {
    const [name, value] = partsOf(line);
    if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return text.split("\n").map((line) => {
    const [name, value] = partsOf(line);
    const more = name === undefined ? undefined : sums.get(name);
    return more === undefined ? line : `${name} ${Number(value) + more}`;
  }).join("\n");
}

/** Splits a line into the name with its labels, and the value, if the figure is to be added up. */
function partsOf(line: string): [name: string | undefined, value: string | undefined] {
  const at = line.lastIndexOf(" ");
  const name = line.slice(0, at);
  return OWN.test(name.replace(/\{.*/, "")) ? [name, line.slice(at + 1)] : [undefined, undefined];
}
