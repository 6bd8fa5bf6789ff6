// Indicators, calculated from columns of bars. Each result is as long as the input; values that are not
// known yet are NaN.

/** A running sum collects rounding errors, so sum again after this many steps. */
const SUMS_MAX = 256;

/** @param {number} length */
function unknown(length) {
  return new Float64Array(length).fill(NaN);
}

/**
 * Simple moving average: the mean of the last `period` values.
 * @param {Float64Array} values
 * @param {number} period
 */
export function sma(values, period) {
  const means = unknown(values.length);
  let sum = NaN;
  for (let index = period - 1; index < values.length; index++) {
    if (Number.isFinite(sum) && (index - period) % SUMS_MAX !== 0) {
      sum += (values[index] ?? 0) - (values[index - period] ?? 0);
    } else {
      sum = 0;
      for (let each = index - period + 1; each <= index; each++) sum += values[each] ?? 0;
    }
    means[index] = sum / period;
  }
  return means;
}

/**
 * Exponential moving average with the weight 2 / (period + 1). It starts with the simple average.
 * https://chartschool.stockcharts.com/table-of-contents/technical-indicators-and-overlays/technical-overlays/moving-averages-simple-and-exponential
 * @param {Float64Array} values may start with NaN
 * @param {number} period
 */
export function ema(values, period) {
  return smoothed(values, period, 2 / (period + 1));
}

/**
 * A recursive average that gives the newest value a fixed weight. It starts with the mean of the first values.
 * @param {Float64Array} values
 * @param {number} period
 * @param {number} weight
 */
function smoothed(values, period, weight) {
  const means = unknown(values.length);
  let start = 0;
  while (start < values.length && Number.isNaN(values[start])) start++;
  const first = start + period - 1;
  let mean = 0;
  for (let index = start; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (index < first) mean += value / period;
    else {
      mean = index === first ? mean + value / period : mean + (value - mean) * weight;
      means[index] = mean;
    }
  }
  return means;
}

/**
 * Bollinger bands: the mean, and `width` population standard deviations above and below it.
 * https://www.bollingerbands.com/bollinger-band-rules
 * @param {Float64Array} values
 * @param {number} period
 * @param {number} width
 */
export function bollinger(values, period, width) {
  const middle = sma(values, period);
  const [upper, lower] = [unknown(values.length), unknown(values.length)];
  for (let index = period - 1; index < values.length; index++) {
    const mean = middle[index] ?? 0;
    let squares = 0;
    for (let each = index - period + 1; each <= index; each++) {
      squares += ((values[each] ?? 0) - mean) ** 2;
    }
    const distance = width * Math.sqrt(squares / period);
    upper[index] = mean + distance;
    lower[index] = mean - distance;
  }
  return { upper, middle, lower };
}

/**
 * Donchian channel: the highest high and the lowest low of the last bars, and the middle between them.
 * @param {Float64Array} highs
 * @param {Float64Array} lows
 * @param {number} period
 */
export function donchian(highs, lows, period) {
  const upper = farthest(highs, period, 1);
  const lower = farthest(lows, period, -1);
  const middle = upper.map((high, index) => high / 2 + (lower[index] ?? 0) / 2);
  return { upper, middle, lower };
}

/** @param {Float64Array} values @param {number} period @param {1 | -1} sign */
function farthest(values, period, sign) {
  const found = unknown(values.length);
  let best = -1;
  for (let index = 0; index < values.length; index++) {
    const isFarther = (/** @type {number} */ a, /** @type {number} */ b) =>
      ((values[a] ?? 0) - (values[b] ?? 0)) * sign >= 0;
    if (best <= index - period) {
      best = index - period + 1;
      for (let each = best + 1; each <= index; each++) if (isFarther(each, best)) best = each;
    } else if (isFarther(index, best)) best = index;
    if (index >= period - 1) found[index] = values[best] ?? NaN;
  }
  return found;
}

/**
 * Relative strength index by Wilder: 100 with gains only, 0 with losses only, 50 without any
 * change.
 * https://chartschool.stockcharts.com/table-of-contents/technical-indicators-and-overlays/technical-indicators/relative-strength-index-rsi
 * @param {Float64Array} values
 * @param {number} period
 */
export function rsi(values, period) {
  const changes = values.map((value, index) =>
    index === 0 ? NaN : value - (values[index - 1] ?? 0)
  );
  const gains = smoothed(changes.map((change) => Math.max(0, change)), period, 1 / period);
  const losses = smoothed(changes.map((change) => Math.max(0, -change)), period, 1 / period);
  return gains.map((gain, index) => {
    const loss = losses[index] ?? NaN;
    return gain + loss === 0 ? 50 : 100 * gain / (gain + loss);
  });
}

/**
 * Moving average convergence and divergence: the difference of two exponential averages, the average of
 * that difference (the signal), and the difference of both (the histogram).
 * @param {Float64Array} values
 * @param {number} fast
 * @param {number} slow
 * @param {number} period of the signal
 */
export function macd(values, fast, slow, period) {
  const [quick, calm] = [ema(values, fast), ema(values, slow)];
  const line = quick.map((value, index) => value - (calm[index] ?? NaN));
  const signal = ema(line, period);
  return { line, signal, histogram: line.map((value, index) => value - (signal[index] ?? NaN)) };
}

/**
 * Average true range by Wilder. The range of a bar includes the close before it.
 * @param {Float64Array} highs
 * @param {Float64Array} lows
 * @param {Float64Array} closes
 * @param {number} period
 */
export function atr(highs, lows, closes, period) {
  const ranges = highs.map((high, index) => {
    const low = lows[index] ?? 0;
    const before = closes[index - 1];
    return before === undefined ? high - low : Math.max(high, before) - Math.min(low, before);
  });
  return smoothed(ranges, period, 1 / period);
}

const DAY_MS = 86_400_000;

/**
 * Average price weighted by volume since the start of the UTC day, like the server's day. The price of a
 * bar is the mean of high, low and close.
 * @param {Float64Array} times
 * @param {Float64Array} highs
 * @param {Float64Array} lows
 * @param {Float64Array} closes
 * @param {Float64Array} volumes
 */
export function vwap(times, highs, lows, closes, volumes) {
  const means = unknown(times.length);
  let day = NaN;
  let [worth, volume] = [0, 0];
  for (let index = 0; index < times.length; index++) {
    const today = Math.floor((times[index] ?? 0) / DAY_MS);
    if (today !== day) [day, worth, volume] = [today, 0, 0];
    const price = ((highs[index] ?? 0) + (lows[index] ?? 0) + (closes[index] ?? 0)) / 3;
    // Skip bars without a volume; otherwise NaN would spread over the rest of the day.
    const size = volumes[index] ?? 0;
    if (size > 0) {
      worth += price * size;
      volume += size;
    }
    if (volume > 0) means[index] = worth / volume;
  }
  return means;
}
