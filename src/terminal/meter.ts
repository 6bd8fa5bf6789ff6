/** The progress of a transfer. */
export interface Meter {
  readonly startedAt: number;
  /** The counted things, such as ticks; undefined counts only bytes. */
  what: string | undefined;
  count: number;
  bytes: number;
  /** Bytes in all, if known. */
  bytesAll: number | undefined;
}

const BAR_WIDTH = 24;

/** One line with the count, the speed and, if the end is known, a bar. */
export function meterLine(meter: Meter, now: number, columns: number): string {
  const { startedAt, what, count, bytes, bytesAll } = meter;
  const seconds = Math.max(0.001, (now - startedAt) / 1_000);
  const parts = [sizeText(bytes)];
  if (what !== undefined) {
    const perSecond = Math.round(count / seconds).toLocaleString("en-US");
    parts.unshift(`${count.toLocaleString("en-US")} ${what}`, `${perSecond}/s`);
  }
  if (bytesAll !== undefined && bytesAll > 0) {
    const share = Math.min(1, bytes / bytesAll);
    const full = Math.round(share * BAR_WIDTH);
    parts.unshift(
      `[${"#".repeat(full)}${".".repeat(BAR_WIDTH - full)}] ${Math.floor(100 * share)} %`,
    );
    if (share > 0 && share < 1) parts.push(`${Math.ceil(seconds / share - seconds)} s left`);
  }
  return parts.join("  ").slice(0, columns);
}

function sizeText(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = bytes < 1_024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
