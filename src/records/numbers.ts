/** Reads numbers in the forms that people and programs use. */

export type DecimalMark = "." | ",";

/** Texts that stand for no value. */
const NOTHING = /^(?:n\/?a|nan|null|none|-)?$/i;
const PLAIN = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
const GROUPED: Readonly<Record<DecimalMark, RegExp>> = {
  ".": /^[-+]?\d{1,3}(?:[,'’ \u00a0\u202f]\d{3})+(?:\.\d+)?$/,
  ",": /^[-+]?\d{1,3}(?:[.'’ \u00a0\u202f]\d{3})+(?:,\d+)?$/,
};
const COMMA_DECIMAL = /^[-+]?\d*,?\d+(?:e[-+]?\d+)?$/i;

export function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "" ||
    (typeof value === "string" && value.length < 5 && NOTHING.test(value));
}

/** @returns the number; `undefined` if the text is not a number */
export function readNumber(text: string, mark: DecimalMark): number | undefined {
  if (mark === "." && PLAIN.test(text)) return Number(text);
  if (mark === "," && COMMA_DECIMAL.test(text)) return Number(text.replace(",", "."));
  if (!GROUPED[mark].test(text)) return undefined;
  const digits = text.replace(mark === "." ? /[^\d.+-]/g : /[^\d,+-]/g, "");
  return Number(digits.replace(",", "."));
}

/** Whether a text looks like a number with either decimal mark. */
export function looksNumeric(text: string): boolean {
  return PLAIN.test(text) || readNumber(text, ",") !== undefined ||
    readNumber(text, ".") !== undefined;
}

/**
 * Detects the decimal mark.
 * @param usual the mark for ambiguous numbers such as 1.234
 * @returns `undefined` if it stays ambiguous
 */
export function decimalMark(
  texts: Iterable<string>,
  usual: DecimalMark | undefined,
): DecimalMark | undefined {
  const clear = { ".": 0, ",": 0 };
  const open = { ".": 0, ",": 0 };
  for (const text of texts) {
    const [point, comma] = [text.lastIndexOf("."), text.lastIndexOf(",")];
    if (point < 0 && comma < 0) continue;
    if (!looksNumeric(text)) continue;
    if (point >= 0 && comma >= 0) clear[point > comma ? "." : ","]++;
    else {
      const mark = point >= 0 ? "." : ",";
      const isMany = text.indexOf(mark) !== text.lastIndexOf(mark);
      if (isMany) clear[mark === "." ? "," : "."]++;
      else if (/^[-+]?[1-9]\d{0,2}[.,]\d{3}$/.test(text)) open[mark]++;
      else clear[mark]++;
    }
  }
  if (clear["."] > 0 && clear[","] > 0) return undefined;
  if (clear["."] > 0) return ".";
  if (clear[","] > 0) return ",";
  const isOpen = open["."] + open[","] > 0;
  if (!isOpen) return ".";
  return usual !== undefined && open[usual === "." ? "," : "."] === 0 ? usual : undefined;
}
