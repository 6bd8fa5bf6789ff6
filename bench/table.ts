/** Formats tables as aligned text that is also Markdown. */
import type { Figures, Goal, Scenario } from "./scenario.ts";

export function figuresTable(
  { columns, base }: Scenario,
  measured: ReadonlyMap<string, Figures>,
): string {
  const cpu = measured.get(base ?? "")?.["cpu"];
  const ratio = (figures: Figures) => format(figures["cpu"]! / (cpu ?? NaN), 2);
  return table([
    ["", ...columns.map(({ title }) => title), ...base === undefined ? [] : [`CPU × ${base}`]],
    ...[...measured].map(([name, figures]) => [
      name,
      ...columns.map(({ name, decimals }) => format(figures[name], decimals)),
      ...base === undefined ? [] : [ratio(figures)],
    ]),
  ]);
}

export function goalsTable(goals: readonly Goal[]): string {
  return table([
    ["goal", "", "measured", ""],
    ...goals.map(({ what, value, limit, least, unit }) => [
      what,
      `${least ? "≥" : "≤"} ${significant(limit)} ${unit}`.trim(),
      Number.isNaN(value) ? "–" : `${significant(value)} ${unit}`.trim(),
      Number.isNaN(value) ? "not measured" : (least ? value >= limit : value <= limit) ? "✓" : "✗",
    ]),
  ]);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(3, ...rows.map((row) => row[at]!.length)));
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, at) => at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))
        .join(" | ")
    } |`;
  const rule = widths.map((width, at) =>
    at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [line(rows[0]!), `| ${rule.join(" | ")} |`, ...rows.slice(1).map(line)].join("\n");
}

function format(value: number | undefined, decimals: number): string {
  return value === undefined || Number.isNaN(value) ? "–" : value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

function significant(value: number): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: value < 1_000 ? 3 : 6 });
}
