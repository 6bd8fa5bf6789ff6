/** @import { Colors } from "./paint.js" */

const COLORS = /** @type {const} */ ([
  "text",
  "muted",
  "line",
  "accent",
  "up",
  "down",
  "panel",
  "warn",
  "second",
  "third",
  "fourth",
]);

/**
 * The theme's colours in the form that a canvas takes.
 * @param {HTMLElement} host
 * @returns {Colors}
 */
export function colorsOf(host) {
  const probe = document.createElement("i");
  host.append(probe);
  const colors = COLORS.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return /** @type {Colors} */ (Object.fromEntries(colors));
}
