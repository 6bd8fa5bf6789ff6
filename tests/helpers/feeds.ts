import type { FeedReport } from "../../src/feeds/feed_run.ts";

/** What a server says of its first feed. */
export async function feedOf({ http }: { http: string }): Promise<FeedReport> {
  const { feeds } = await (await fetch(`${http}/readyz`)).json();
  return feeds[0];
}
