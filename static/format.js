// Numbers and times as text. What is unknown is a dash.

const UNKNOWN = "–";
/** From here on a number is longer than any place for it. */
const PLAIN_MAX = 1e12;

const volumeFormat = new Intl.NumberFormat("en-US", {
  notation: "compact",
  maximumSignificantDigits: 4,
});

/** @type {Map<string, Intl.NumberFormat>} */
const numberFormats = new Map();

/** @param {number | null | undefined} value @returns {value is number} */
function isKnown(value) {
  return Number.isFinite(value);
}

/**
 * A format with so many decimals. Neither way of writing the sign puts one before what is rounded to 0.
 * @param {number} decimals
 * @param {"negative" | "exceptZero"} signDisplay
 */
function numberFormat(decimals, signDisplay) {
  const key = `${decimals} ${signDisplay}`;
  const places = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const format = numberFormats.get(key) ??
    new Intl.NumberFormat("en-US", { ...places, signDisplay });
  numberFormats.set(key, format);
  return format;
}

/**
 * @param {number | null | undefined} value
 * @param {number} decimals
 */
export function priceText(value, decimals) {
  if (!isKnown(value)) return UNKNOWN;
  if (Math.abs(value) >= PLAIN_MAX) return value.toExponential(4);
  return minus(numberFormat(decimals, "negative").format(value));
}

/**
 * @param {number | null | undefined} value
 * @param {number} decimals
 */
export function changeText(value, decimals) {
  if (!isKnown(value) || Math.abs(value) >= PLAIN_MAX) return priceText(value, decimals);
  return minus(numberFormat(decimals, "exceptZero").format(value));
}

/** @param {number | null | undefined} fraction 0.0306 is 3.06 % */
export function percentText(fraction) {
  const percent = (fraction ?? NaN) * 100;
  return isKnown(percent) ? `${changeText(percent, 2)} %` : UNKNOWN;
}

/** Four digits at the most, as in 1.265 B. @param {number | null | undefined} volume */
export function volumeText(volume) {
  if (!isKnown(volume)) return UNKNOWN;
  if (Math.abs(volume) >= PLAIN_MAX * 1e3) return volume.toExponential(2);
  return minus(volumeFormat.format(volume));
}

/** How many decimals show the price as it is, up to 8. @param {number} price */
export function decimalsOf(price) {
  const [, fraction = ""] = price.toFixed(8).replace(/0+$/, "").split(".");
  return fraction.length;
}

/** @type {[incrementMs: number, options: Intl.DateTimeFormatOptions][]} */
const TIME_STYLES = [
  [60_000, { hour: "2-digit", minute: "2-digit", second: "2-digit" }],
  [86_400_000, { hour: "2-digit", minute: "2-digit" }],
  [28 * 86_400_000, { month: "short", day: "numeric" }],
  [Infinity, { month: "short", year: "numeric" }],
];
const timeFormats = TIME_STYLES.map(([incrementMs, options]) => ({
  incrementMs,
  format: new Intl.DateTimeFormat("en-GB", { ...options, hourCycle: "h23" }),
}));

/**
 * A time as precise as the increment between it and the next one asks for, in local time.
 * @param {number} time
 * @param {number} incrementMs
 */
export function timeText(time, incrementMs) {
  const style = timeFormats.find((each) => incrementMs < each.incrementMs);
  return style?.format.format(time) ?? "";
}

/** @type {Intl.DateTimeFormatOptions} */
const DAY_TIME = {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};
const dayTime = new Intl.DateTimeFormat("en-GB", DAY_TIME);
const exactDayTime = new Intl.DateTimeFormat("en-GB", { ...DAY_TIME, fractionalSecondDigits: 3 });

/** Day and time to the second, or to the millisecond; local. @param {number} time */
export function dayTimeText(time, isExact = false) {
  if (Number.isNaN(new Date(time).getTime())) return UNKNOWN;
  return (isExact ? exactDayTime : dayTime).format(time);
}

/** How long ago or how long to wait, as 5 s, 3 min or 2 h. @param {number} ms */
export function durationText(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** @param {string} text */
function minus(text) {
  return text.replace("-", "−");
}
