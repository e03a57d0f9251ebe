/** Reads the user's photographs to train on. A file that cannot be used is named and left out. */
import type { Named, PatchSize } from "../src/data/photos.ts";
import type { Picture } from "../src/pictures/picture.ts";

/** The most pixels of a picture, and of all together, as bytes of four: larger ones are made smaller, which also weakens their own noise. */
const LARGEST = 1.5e6;
const LARGEST_IN_ALL = 60e6;

export interface TrainingPictures {
  readonly pictures: readonly (Picture & Named)[];
  /** Names of files that were left out, each with the reason. */
  readonly leftOut: readonly string[];
}

export async function readTrainingPictures(
  files: readonly File[],
  patch: PatchSize,
): Promise<TrainingPictures> {
  const most = Math.min(LARGEST, LARGEST_IN_ALL / Math.max(1, files.length));
  const pictures: (Picture & Named)[] = [];
  const leftOut: string[] = [];
  for (const file of files) {
    const picture = await pictureOf(file, most);
    if (!picture) leftOut.push(`${file.name} is no picture that this browser can read`);
    else if (picture.width < patch.width || picture.height < patch.height)
      leftOut.push(`${file.name} is smaller than ${patch.width} × ${patch.height} pixels`);
    else pictures.push({ ...picture, name: file.name });
  }
  return { pictures, leftOut };
}

/** @returns undefined if the browser cannot read the file */
async function pictureOf(file: File, most: number): Promise<Picture | undefined> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return undefined;
  }
  const scale = Math.min(1, Math.sqrt(most / (bitmap.width * bitmap.height)));
  const [width, height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { data, width, height, channels: 4 };
}
