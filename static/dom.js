// Helpers that find, create and write elements of the page.

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new TypeError(`Cannot build the page: it has no ${type.name} #${id}`);
}

/** Writes a text if it differs from the old one. @param {string} id @param {string} text */
export function write(id, text) {
  const target = element(id, HTMLElement);
  if (target.textContent !== text) target.textContent = text;
}

/** Writes a text that may not fit. The tooltip shows it in full. @param {string} id @param {string} text */
export function writeCut(id, text) {
  write(id, text);
  const target = element(id, HTMLElement);
  if (target.title !== text) target.title = text;
}

/** @param {string} id @param {boolean} isShown */
export function show(id, isShown) {
  const target = element(id, HTMLElement);
  if (target.hidden === isShown) target.hidden = !isShown;
}

/** @param {string} id @param {() => void} action */
export function onClick(id, action) {
  element(id, HTMLElement).addEventListener("click", action);
}

/**
 * Connects a group of radio buttons.
 * @param {string} id
 * @param {(value: string) => void} chosen
 * @returns {(value: string) => void} checks the button of a value
 */
export function choiceOf(id, chosen) {
  /** @type {NodeListOf<HTMLInputElement>} */
  const inputs = element(id, HTMLElement).querySelectorAll("input");
  for (const input of inputs) input.addEventListener("change", () => chosen(input.value));
  return (value) => {
    for (const input of inputs) input.checked = input.value === value;
  };
}

/**
 * Creates an element with its properties and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Partial<HTMLElementTagNameMap[T]>} [properties]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * Finds an element inside another one.
 * @template {HTMLElement} T
 * @param {ParentNode} host
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function within(host, selector, type) {
  const found = host.querySelector(selector);
  if (found instanceof type) return found;
  throw new TypeError(`Cannot build the page: it has no ${type.name} ${selector}`);
}
