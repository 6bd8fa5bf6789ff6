import { FormFault } from "./form.ts";
import { isTwofold, timeReader, type TimeRules } from "./times.ts";

const DAY_FIRST = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)/;
const NAMED: readonly [RegExp, string][] = [
  [/^[A-Za-z]{3,9},? \d{1,2} [A-Za-z]{3,9}\.? \d{4}/, "ddd D MMM YYYY"],
  [/^\d{1,2} [A-Za-z]{3,9}\.? \d{4}/, "D MMM YYYY"],
  [/^\d{1,2}-[A-Za-z]{3,9}-\d{4}/, "D-MMM-YYYY"],
  [/^\d{1,2}-[A-Za-z]{3}-\d{2}(?!\d)/, "D-MMM-YY"],
  [/^[A-Za-z]{3,9}\.? \d{1,2}, \d{4}/, "MMM D, YYYY"],
];
const CLOCK =
  /^(,? +|T)(\d{1,2}):\d{2}(:\d{2}([.,]\d{1,9})?)?( ?[AaPp]\.?[Mm]\.?)?( ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?$/;

/**
 * Detects the format of times.
 * @param times times with their lines
 * @returns the format, or `undefined` if each time can be read by itself
 * @throws {FormFault} if two formats fit equally well
 */
export function findTimeFormat(
  times: readonly { readonly at: string; readonly value: unknown }[],
  rules: TimeRules,
): string | undefined {
  if (rules.format !== undefined) return rules.format;
  const digits = times.filter(({ value }) => isTwofold(String(value)));
  if (rules.unit === undefined && digits.length > 0 && digits.length === times.length) {
    const [{ at, value }] = digits as [typeof times[number]];
    throw new FormFault(
      `${at}: time ${value} can be a date or a number: give time-format=YYYYMMDDHHmm or time-unit=ms`,
    );
  }
  const texts = times.filter((each): each is { at: string; value: string } =>
    typeof each.value === "string"
  );
  const standard = timeReader(rules);
  const others = texts.filter(({ value }) => standard(value) === undefined);
  // The other lines are reported one by one.
  if (others.length * 2 <= times.length) return undefined;
  const formats = new Set(others.flatMap(({ value }) => formatsOf(value.trim())));
  const fits = [...formats].map((format) => {
    const read = timeReader({ ...rules, format });
    return { format, count: others.filter(({ value }) => read(value) !== undefined).length };
  }).sort((a, b) => b.count - a.count);
  const [best, next] = fits;
  if (best === undefined || best.count === 0) return undefined;
  if (next?.count !== best.count) return best.format;
  const { at, value } = others[0]!;
  throw new FormFault(
    `${at}: time ${
      JSON.stringify(value)
    } can be read in several ways: give time-format=${best.format} or time-format=${next.format}`,
  );
}

/** The formats that a time may have. */
function formatsOf(text: string): string[] {
  const numeric = DAY_FIRST.exec(text);
  if (numeric !== null) {
    const [whole, , mark, , year] = numeric;
    const years = year!.length === 4 ? "YYYY" : "YY";
    const orders = [
      ["D", "M", years],
      ["M", "D", years],
      ...years === "YY" ? [["YY", "M", "D"]] : [],
    ];
    const clock = clockOf(text.slice(whole.length));
    if (clock === undefined) return [];
    return orders.map((order) => order.join(mark) + clock);
  }
  for (const [pattern, format] of NAMED) {
    const match = pattern.exec(text);
    const clock = match === null ? undefined : clockOf(text.slice(match[0].length));
    if (clock === undefined) continue;
    return [
      (match![0].includes(", ") && format.startsWith("ddd") ? "ddd, D MMM YYYY" : format) + clock,
    ];
  }
  return [];
}

function clockOf(text: string): string | undefined {
  if (text === "") return "";
  const [whole, between, , seconds, , half, zone] = CLOCK.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const hours = half === undefined ? "H" : "h";
  return (between === "T" ? "[T]" : between!.replace(/ +/, " ")) + `${hours}:mm` +
    (seconds === undefined ? "" : ":ss.S") +
    (half === undefined ? "" : half.startsWith(" ") ? " A" : "A") +
    (zone === undefined ? "" : zone.startsWith(" ") ? " Z" : "Z");
}
