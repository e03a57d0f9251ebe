/** The Chromium that tests of pages run in: the one that CHROMIUM names, or the first in PATH. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** @type {string | undefined} */
export const chromium =
  process.env.CHROMIUM ||
  ["chromium", "chromium-browser", "google-chrome"]
    .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
    .find((path) => existsSync(path));

/**
 * Parts of Chromium that no test needs. The first two are the pages behind the address bar, which nobody sees here: they cost
 * 1.7 s of processor time in each new window. The others are those that Playwright switches off, since Chromium takes only the
 * last list that it is given.
 */
const unused = [
  ...["WebUIOmniboxPopup", "WebUIOmniboxAimPopup"],
  ...["AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "LensOverlay", "MediaRouter"],
  ...["HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "PaintHolding", "ThirdPartyStoragePartitioning"],
  ...["AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled"],
  ...["PreconnectToSearch"],
];

/** Without a sandbox, which containers lack; and nothing is looked up outside. */
export const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--disable-features=${unused.join(",")}`,
];
