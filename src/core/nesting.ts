/** Nobody writes lists in lists so deep; to show again what is, can cost a runtime half a second. */
const NESTING_MAX = 100;

/** Whether JSON is nested too deeply to be read. Brackets inside texts count as well. */
export function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // [ and ] are 32 below { and }.
    if ((code | 32) === 123) depth++;
    else if ((code | 32) === 125) depth--;
    if (depth > NESTING_MAX) return true;
  }
  return false;
}
