/** No team, for runtimes that have no threads (Cloudflare Workers, Next.js's edge runtime): one thread does the work. */
export const startTeam = (): undefined => {};
