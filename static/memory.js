// What this browser remembers of the page.

/** Storage may be refused or full: then it is kept as long as the page. @type {Map<string, string>} */
const unstored = new Map();
/** @type {(name: string) => void} */
let sayUnstored = () => {};

/** Told when something cannot be kept. @param {(name: string) => void} listener */
export function onUnstored(listener) {
  sayUnstored = listener;
}

/** What is remembered under a name; empty when it is nothing. @param {string} name */
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
 * What is remembered as JSON. What somebody or something has broken is as if it were not there.
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
