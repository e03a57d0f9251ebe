import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { requireWritableFolder, writeFileAtomic } from "../data/files.node.ts";
import type { TestPicture } from "../data/images.ts";
import { encodeNpy } from "../data/npy.ts";
import { sha256 } from "../data/sha256.ts";
import { OutputError } from "../errors.ts";
import type { Picture } from "../pictures/picture.ts";
import type { MeasureSetOptions } from "../quality/evaluate-set.ts";
import { SET_SEED } from "../quality/test-conditions.ts";

/** A folder that takes the pictures of a set as they are measured on, for other programs to denoise the very same ones. */
export interface NoisyFolder {
  /** Writes a noisy picture, once for each level and JPEG quality. */
  readonly add: NonNullable<MeasureSetOptions["onNoisy"]>;
  /** Writes `set.json`: for every picture the names and the SHA-256 of its files, clean and under each noise. */
  finish(name: string): Promise<void>;
}

interface Written {
  readonly file: string;
  readonly sha256: string;
}

/**
 * Makes a new folder, and writes the clean pictures into it. Every file is an array in NumPy's format of height × width
 * or height × width × 3 values, bytes or float32.
 * @throws OutputError if it holds something already, or cannot be written
 */
export async function noisyFolder(folder: string, pictures: readonly TestPicture[]): Promise<NoisyFolder> {
  await requireWritableFolder(folder);
  if ((await readdir(folder)).length > 0) throw new OutputError(`${folder} is not empty. Name a new folder.`);
  const write = async (
    file: string,
    { data, width, height, channels }: Required<Picture<Uint8Array | Float32Array>>,
  ): Promise<Written> => {
    const bytes = encodeNpy(data, channels === 1 ? [height, width] : [height, width, channels]);
    await writeFileAtomic(join(folder, file), bytes);
    return { file, sha256: await sha256(bytes) };
  };
  const clean = new Map<string, Written>();
  for (const picture of pictures)
    clean.set(picture.name, await write(`${picture.name}-clean.npy`, picture.clean));
  const noisy = new Map<string, object>();
  return {
    async add(picture, { name }, { sigma, noise, jpeg }) {
      const file = `${name}-${noise?.model ?? `sigma${sigma}`}${jpeg === undefined ? "" : `-jpeg${jpeg}`}.npy`;
      if (noisy.has(file)) return;
      noisy.set(file, { name, sigma, noise, jpeg, clean: clean.get(name), ...(await write(file, picture)) });
    },
    finish: (name) =>
      writeFileAtomic(
        join(folder, "set.json"),
        `${JSON.stringify({ name, seed: SET_SEED, noisy: [...noisy.values()] }, null, 1)}\n`,
      ),
  };
}
