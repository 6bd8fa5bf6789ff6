import type { FeedReport } from "../../src/feeds/feed_run.ts";

/** The status of a server's first feed. */
export async function feedOf({ http }: { http: string }): Promise<FeedReport> {
  const { feeds } = await (await fetch(`${http}/readyz`)).json();
  return feeds[0];
}
