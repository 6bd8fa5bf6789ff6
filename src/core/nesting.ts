/** Most levels of nesting. To write deeper JSON can take a runtime half a second. */
const NESTING_MAX = 100;

/** Whether JSON is nested too deeply to be read. Brackets inside strings count as well. */
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
