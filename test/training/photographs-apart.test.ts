/**
 * The photographs that the models which ship are trained on have nothing in common with those that they are measured on. The
 * pictures are not part of this repository: the test runs where they are.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readPhotos } from "../../src/data/photo-folders.node.ts";
import { withChannels } from "../../src/data/photos.ts";
import type { Picture } from "../../src/pictures/picture.ts";

type Photo = Required<Picture<Uint8Array>> & { name: string };

const data =
  process.env.DENOISE_PHOTOS_DIR ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const trainedOn = ["photos-train", "photos-detail"];
const measuredOn = ["BSD68", "Set12", "Kodak24", "real/cc15", "real/nam25"];
const here = trainedOn.every((name) => existsSync(join(data, name)));

/** Pixels along each side of a thumbnail. */
const SIDE = 16;
/**
 * Thumbnails of one picture, compressed or resized, correlate above this. Of different photographs, the most alike pair of
 * these sets, two smooth gradients, has 0.963. A crop of a detailed picture may have less, so this finds whole pictures only.
 */
const ALIKE = 0.97;

/** The means of SIDE × SIDE parts of a picture's luma, with a mean of 0 and a norm of 1. */
function thumbnailOf(photo: Photo): Float64Array {
  const { data, width, height } = withChannels(photo, 1);
  const sums = new Float64Array(SIDE * SIDE);
  const counts = new Float64Array(SIDE * SIDE);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const part = Math.floor((y * SIDE) / height) * SIDE + Math.floor((x * SIDE) / width);
      sums[part]! += data[y * width + x]!;
      counts[part]!++;
    }
  }
  const means = sums.map((sum, part) => sum / counts[part]!);
  const mean = means.reduce((a, b) => a + b, 0) / means.length;
  const centred = means.map((value) => value - mean);
  const norm = Math.hypot(...centred);
  return centred.map((value) => value / norm);
}

function correlation(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}

/** The eight orientations of a thumbnail. */
function orientationsOf(thumbnail: Float64Array): Float64Array[] {
  const turned = (from: Float64Array) =>
    from.map((_, at) => from[(at % SIDE) * SIDE + SIDE - 1 - Math.floor(at / SIDE)]!);
  const mirrored = (from: Float64Array) =>
    from.map((_, at) => from[at - (at % SIDE) + SIDE - 1 - (at % SIDE)]!);
  const turns = [thumbnail];
  for (let turn = 1; turn < 4; turn++) turns.push(turned(turns.at(-1)!));
  return turns.flatMap((one) => [one, mirrored(one)]);
}

const digestOf = ({ data }: Photo) => createHash("sha256").update(data).digest("hex");
const title = here
  ? "photographs to train on"
  : "photographs to train on (skipped: not found; set DENOISE_PHOTOS_DIR to their folder)";

describe.skipIf(!here)(title, async () => {
  const train: { name: string; digest: string; thumbnail: Float64Array }[] = [];
  for (const folder of here ? trainedOn : []) {
    for (const photo of await readPhotos(join(data, folder))) {
      train.push({ name: photo.name, digest: digestOf(photo), thumbnail: thumbnailOf(photo) });
    }
  }
  const digests = new Set(train.map(({ digest }) => digest));

  it("are told from themselves, turned, mirrored and with noise", () => {
    const { thumbnail } = train[0]!;
    const noisy = thumbnail.map((value, index) => value + 0.01 * Math.sin(7 * index));
    expect(Math.max(...orientationsOf(thumbnail).map((one) => correlation(one, noisy)))).toBeGreaterThan(
      ALIKE,
    );
  });

  it.each(measuredOn)("are not in %s, nor anything like them", async (folder) => {
    const photos = (await readPhotos(join(data, folder))) as Photo[];
    expect(photos.length).toBeGreaterThan(0);
    const alike = photos.flatMap((photo) => {
      const orientations = orientationsOf(thumbnailOf(photo));
      return train
        .filter(({ thumbnail }) => orientations.some((one) => correlation(one, thumbnail) > ALIKE))
        .map(({ name }) => [photo.name, name]);
    });
    expect(photos.filter((photo) => digests.has(digestOf(photo))).map(({ name }) => name)).toEqual([]);
    expect(alike).toEqual([]);
  });
});
