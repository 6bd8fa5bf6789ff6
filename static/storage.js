// What the browser stores for the page.

/** Without storage, or with a full one, values last as long as the page. @type {Map<string, string>} */
const unstored = new Map();
/** @type {(name: string) => void} */
let sayUnstored = () => {};

/** Sets the function to call when a value cannot be stored. @param {(name: string) => void} listener */
export function onUnstored(listener) {
  sayUnstored = listener;
}

/** A stored value, or an empty text. @param {string} name */
export function recall(name) {
  const known = unstored.get(name);
  if (known !== undefined) return known;
  try {
    return localStorage.getItem(`tickwire.${name}`) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} name @param {string} value */
export function remember(name, value) {
  try {
    if (value === "") localStorage.removeItem(`tickwire.${name}`);
    else localStorage.setItem(`tickwire.${name}`, value);
    unstored.delete(name);
  } catch {
    unstored.set(name, value);
    sayUnstored(name);
  }
}

/**
 * A stored JSON value; null if it is missing or damaged.
 * @param {string} name
 * @returns {unknown}
 */
export function recallJson(name) {
  try {
    return JSON.parse(recall(name) || "null");
  } catch {
    return null;
  }
}

/** @param {string} name @param {unknown} value */
export function rememberJson(name, value) {
  remember(name, JSON.stringify(value));
}
