/** Whether the last build was made from what these files and folders hold now, by this Node, and wrote what is there. */
export function isCurrent(stamp: string, sources: readonly string[], built: readonly string[]): boolean;

/** @param sources their hash, from before the build, so that what changed meanwhile is built next time */
export function writeStamp(stamp: string, sources: string, built: readonly string[]): void;

/** One hash over the names and contents of files, and of all that is in folders. */
export function hashOf(paths: readonly string[]): string;
