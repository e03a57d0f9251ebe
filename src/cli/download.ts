import cliProgress from "cli-progress";
import { Command } from "commander";
import { type DownloadProgress, downloadFashionMnist } from "../data/download.node.ts";
import { jsonText } from "./json-text.ts";

/** `denoise-wasm download`: fetches Fashion-MNIST. */
export function downloadCommand(): Command {
  return new Command("download")
    .description("download Fashion-MNIST (31 MB) and check it; an interrupted download is resumed")
    .option(
      "-o, --out <dir>",
      "the folder to fill (default: the user's cache, where the other commands look)",
    )
    .option("--mirror <url...>", "addresses that hold the four .gz files, tried in order")
    .option("--json", "print the result as JSON, and no progress")
    .action(run);
}

async function run(options: { out?: string; mirror?: string[]; json?: boolean }): Promise<void> {
  const progress = options.json ? undefined : process.stderr.isTTY ? progressBar() : progressLines();
  try {
    const result = await downloadFashionMnist({
      to: options.out,
      mirrors: options.mirror,
      onProgress: progress?.report,
    });
    progress?.stop();
    if (options.json) console.log(jsonText(result));
    else console.log(`Fashion-MNIST is complete in ${result.folder}`);
  } finally {
    progress?.stop();
  }
}

interface Progress {
  report(progress: DownloadProgress): void;
  stop(): void;
}

function progressBar(): Progress {
  const bar = new cliProgress.SingleBar({ format: "{file} [{bar}] {percentage} % of {size}" });
  let current = "";
  return {
    report({ file, received, total = received }) {
      if (file !== current) {
        bar.stop();
        bar.start(total, received, { file, size: sizeText(total) });
        current = file;
      }
      bar.setTotal(total);
      bar.update(received);
    },
    stop: () => bar.stop(),
  };
}

/** Prints a line for each tenth of a file, or for each 10 MB if the mirror does not tell the size. */
function progressLines(): Progress {
  let last = "";
  return {
    report({ file, received, total }) {
      const line = total
        ? `${file}: ${Math.floor((10 * received) / total) * 10} % of ${sizeText(total)}`
        : `${file}: ${Math.floor(received / 1e7) * 10} MB`;
      if (line !== last) console.error(line);
      last = line;
    },
    stop() {},
  };
}

function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
