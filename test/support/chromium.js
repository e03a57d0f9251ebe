/** The Chromium that tests of pages run in: the one that CHROMIUM names, or the first in PATH. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** @type {string | undefined} */
export const chromium =
  process.env.CHROMIUM ||
  ["chromium", "chromium-browser", "google-chrome"]
    .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
    .find((path) => existsSync(path));

/** Without a sandbox, which containers lack; and nothing is looked up outside. */
export const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
