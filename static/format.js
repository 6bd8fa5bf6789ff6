// Numbers and times as text. A dash stands for an unknown value.

const UNKNOWN = "–";
/** From here on plain digits need too much room. */
const PLAIN_MAX = 1e12;

/**
 * The style of all numbers and times on the page.
 * @typedef {object} Style
 * @property {string} zone a name of the IANA database; empty means the zone of this device
 * @property {boolean} isHour12
 * @property {boolean} isGrouped whether to write 64,000 or 64000
 */

/** @type {Style} */
let style = { zone: "", isHour12: false, isGrouped: true };

const volumeFormat = new Intl.NumberFormat("en-US", {
  notation: "compact",
  maximumSignificantDigits: 4,
});

/** @type {Map<string, Intl.NumberFormat>} */
const numberFormats = new Map();

/** @param {Partial<Style>} change the caller then writes its texts again */
export function setStyle(change) {
  style = { ...style, ...change };
  numberFormats.clear();
  times = timeFormats();
}

/** @param {number | null | undefined} value @returns {value is number} */
function isKnown(value) {
  return Number.isFinite(value);
}

/**
 * A number format. Neither `signDisplay` puts a sign before a value that rounds to 0.
 * @param {number} decimals
 * @param {"negative" | "exceptZero"} signDisplay
 */
function numberFormat(decimals, signDisplay) {
  const key = `${decimals} ${signDisplay}`;
  const places = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const format = numberFormats.get(key) ??
    new Intl.NumberFormat("en-US", { ...places, signDisplay, useGrouping: style.isGrouped });
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
  // Rounding would turn a tiny price into 0.
  if (value !== 0 && Math.abs(value) < 0.5 / 10 ** decimals) return minus(tinyText(value));
  return minus(numberFormat(decimals, "negative").format(value));
}

/** @param {number} value */
function tinyText(value) {
  return value.toExponential(4).replace(/\.?0+e/, "e");
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

/** Formats a volume with at most four digits, as in 1.265B. @param {number | null | undefined} volume */
export function volumeText(volume) {
  if (!isKnown(volume)) return UNKNOWN;
  if (Math.abs(volume) >= PLAIN_MAX * 1e3) return volume.toExponential(2);
  return minus(volumeFormat.format(volume));
}

/** The number of decimals that show the price exactly, up to 12. @param {number} price */
export function decimalsOf(price) {
  // Digits after the 15th come from the binary form of the number.
  const [, fraction = "", exponent = "0"] = /^-?\d*\.?(\d*?)0*(?:e(.*))?$/.exec(
    price.toPrecision(15),
  ) ?? [];
  return Math.min(12, Math.max(0, fraction.length - Number(exponent)));
}

/** @type {[incrementMs: number, options: Intl.DateTimeFormatOptions][]} */
const TIME_STYLES = [
  [60_000, { hour: "2-digit", minute: "2-digit", second: "2-digit" }],
  [86_400_000, { hour: "2-digit", minute: "2-digit" }],
  [28 * 86_400_000, { month: "short", day: "numeric" }],
  [Infinity, { month: "short", year: "numeric" }],
];
/** @type {Intl.DateTimeFormatOptions} */
const DAY_TIME = {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
};

let times = timeFormats();

function timeFormats() {
  const { zone, isHour12 } = style;
  const format = (/** @type {Intl.DateTimeFormatOptions} */ options) =>
    new Intl.DateTimeFormat("en-GB", {
      ...options,
      ...(zone !== "" && { timeZone: zone }),
      ...("hour" in options && { hourCycle: isHour12 ? "h12" : "h23" }),
    });
  return {
    axis: TIME_STYLES.map(([incrementMs, options]) => ({ incrementMs, format: format(options) })),
    dayTime: format(DAY_TIME),
    exact: format({ ...DAY_TIME, fractionalSecondDigits: 3 }),
    ...(zone !== "" && { offset: format({ timeZoneName: "longOffset" }) }),
  };
}

/** Milliseconds by which the chosen zone is ahead of UTC at a time. @param {number} time */
export function zoneOffsetMs(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return 0;
  if (times.offset === undefined) return -date.getTimezoneOffset() * 60_000;
  const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(times.offset.format(time)) ?? [];
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  return sign === "-" ? -offset : offset;
}

/**
 * Formats a time in the chosen zone, as precisely as the distance between two marks needs.
 * @param {number} time
 * @param {number} incrementMs
 */
export function timeText(time, incrementMs) {
  return times.axis.find((each) => incrementMs < each.incrementMs)?.format.format(time) ?? "";
}

/** Day and time to the second, or to the millisecond, in the chosen zone. @param {number} time */
export function dayTimeText(time, isExact = false) {
  if (Number.isNaN(new Date(time).getTime())) return UNKNOWN;
  return (isExact ? times.exact : times.dayTime).format(time);
}

/** A duration as text, such as 5 s, 3 min or 2 h. @param {number} ms */
export function durationText(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** @param {string} text */
function minus(text) {
  return text.replaceAll("-", "−");
}
