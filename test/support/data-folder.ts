/** A data set on disk as the command line finds it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fashionMnistFiles } from "../../src/data/fashion-mnist.ts";
import { idxBytes } from "./idx-bytes.ts";
import { pictures } from "./pictures.ts";

export type DataFiles = Partial<Record<keyof typeof fashionMnistFiles, Uint8Array>>;

/** Writes the four files to a folder: 20 training and 10 test pictures of this size, some files changed. */
export async function writeDataFolder(
  path: string,
  size: readonly [number, number],
  changes: DataFiles = {},
): Promise<void> {
  await mkdir(path, { recursive: true });
  const { train } = pictures(20, size);
  const { train: test } = pictures(10, size);
  const files = {
    trainImages: gzipSync(idxBytes([20, ...size], train.data)),
    trainLabels: gzipSync(idxBytes([20], train.labels)),
    testImages: gzipSync(idxBytes([10, ...size], test.data)),
    testLabels: idxBytes([10], test.labels),
    ...changes,
  };
  for (const [part, { name: file }] of Object.entries(fashionMnistFiles)) {
    await writeFile(join(path, `${file}.gz`), files[part as keyof DataFiles]);
  }
}
