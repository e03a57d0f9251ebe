/** Loads the code of a team of threads only where more than one thread is asked for. */
import type { startTeam as start } from "./team.ts";

export const startTeam: typeof start = async (...parameters) =>
  (await import("./team.ts")).startTeam(...parameters);
