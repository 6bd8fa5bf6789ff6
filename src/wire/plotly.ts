/** Plotly figures, the charts of OpenBB Workspace: https://plotly.com/javascript/reference/ */
import type { Bar } from "../core/bar.ts";

export type Theme = "dark" | "light";

export interface Figure {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly layout: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface CandlesOptions {
  readonly symbol: string;
  readonly theme: Theme;
  /** Number of decimals of prices. */
  readonly decimals: number;
}

const COLORS = {
  dark: { paper: "#151518", text: "#c9ccd3", grid: "#2a2b31", up: "#26a69a", down: "#ef5350" },
  light: { paper: "#FFFFFF", text: "#333840", grid: "#e6e8ec", up: "#089981", down: "#d93a3a" },
} as const;

/** Most characters of a symbol in a note. */
const SHOWN_MAX = 40;

/** Candles, and volume bars below. @param bars oldest first */
export function candles(bars: readonly Bar[], options: CandlesOptions): Figure {
  const { symbol, theme, decimals } = options;
  const { up, down } = COLORS[theme];
  const x = bars.map(({ time }) => new Date(time).toISOString());
  const price = {
    type: "candlestick",
    name: symbol,
    x,
    open: bars.map(({ open }) => open),
    high: bars.map(({ high }) => high),
    low: bars.map(({ low }) => low),
    close: bars.map(({ close }) => close),
    increasing: { line: { color: up } },
    decreasing: { line: { color: down } },
  };
  const volume = {
    type: "bar",
    name: "Volume",
    x,
    y: bars.map((bar) => bar.volume),
    yaxis: "y2",
    marker: { color: bars.map(({ open, close }) => close < open ? down : up), opacity: 0.5 },
  };
  const config = { displaylogo: false, responsive: true };
  if (bars.length === 0) return { ...nothing(`No bars of ${shown(symbol)} yet`, theme), config };
  return { data: [price, volume], layout: layoutOf(theme, decimals), config };
}

/** A figure with a note. It needs a trace, or the previous picture would stay on the screen. */
function nothing(text: string, theme: Theme): Pick<Figure, "data" | "layout"> {
  const hidden = { visible: false };
  return {
    data: [{ type: "scatter", x: [null], y: [null] }],
    layout: { ...colorsOf(theme), xaxis: hidden, yaxis: hidden, annotations: [noteOf(text)] },
  };
}

/** Shortens a symbol, because a note is a single line. */
function shown(symbol: string): string {
  return symbol.length > SHOWN_MAX ? `${symbol.slice(0, SHOWN_MAX)}…` : symbol;
}

function colorsOf(theme: Theme): Record<string, unknown> {
  const { paper, text } = COLORS[theme];
  return { paper_bgcolor: paper, plot_bgcolor: paper, font: { color: text, size: 11 } };
}

function layoutOf(theme: Theme, decimals: number): Record<string, unknown> {
  const { grid } = COLORS[theme];
  const axis = { gridcolor: grid, linecolor: grid, zeroline: false };
  return {
    ...colorsOf(theme),
    margin: { l: 10, r: 64, t: 12, b: 32 },
    showlegend: false,
    hovermode: "x",
    xaxis: { ...axis, type: "date", anchor: "y2", rangeslider: { visible: false } },
    yaxis: { ...axis, side: "right", domain: [0.24, 1], tickformat: `,.${decimals}f` },
    yaxis2: { ...axis, side: "right", domain: [0, 0.2], rangemode: "tozero", nticks: 3 },
  };
}

function noteOf(text: string): Record<string, unknown> {
  const middle = { xref: "paper", yref: "paper", x: 0.5, y: 0.5 };
  return { ...middle, text: escaped(text), showarrow: false, font: { size: 14 } };
}

/** Plotly interprets some HTML tags in texts. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
