import type { TickColumns } from "../core/tick_columns.ts";
export interface Chunk {
  readonly places: Uint32Array;
  readonly times: Float64Array;
  readonly prices: Float64Array;
  readonly sizes: Float64Array;
  readonly bids: Float64Array;
  readonly asks: Float64Array;
}
export function encodeChunk(c: TickColumns, at: Uint32Array, places = at): Uint8Array {
  const n = at.length;
  const f = new Float64Array(6 * n);
  for (let i = 0; i < n; i++) {
    f[i] = places[i]!;
    f[n + i] = c.times[at[i]!]!;
    f[2 * n + i] = c.prices[at[i]!]!;
    f[3 * n + i] = c.sizes[at[i]!]!;
    f[4 * n + i] = c.bids[at[i]!]!;
    f[5 * n + i] = c.asks[at[i]!]!;
  }
  return new Uint8Array(f.buffer);
}
export function decodeChunk(bytes: Uint8Array, n: number): Chunk {
  const f = new Float64Array(new Uint8Array(bytes).buffer);
  return {
    places: Uint32Array.from(f.subarray(0, n)),
    times: f.subarray(n, 2 * n),
    prices: f.subarray(2 * n, 3 * n),
    sizes: f.subarray(3 * n, 4 * n),
    bids: f.subarray(4 * n, 5 * n),
    asks: f.subarray(5 * n, 6 * n),
  };
}
