import manifest from "../package.json" with { type: "json" };

/** This package's version. */
export const version: string = manifest.version;
/** The licence of this package and of the weights that come with it. */
export const license: string = manifest.license;
