/**
 * Whether the last build was made by this version of Node from sources that have not changed since, and the files that it
 * built have not changed either.
 */
export function isCurrent(stamp: string, sources: readonly string[], built: readonly string[]): boolean;

/** @param sources the hash of the sources before the build, so that a change during the build leads to another build */
export function writeStamp(stamp: string, sources: string, built: readonly string[]): void;

/** One hash over the names and contents of these files, and of all files in these folders. */
export function hashOf(paths: readonly string[]): string;
