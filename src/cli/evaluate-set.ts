import { basename, resolve } from "node:path";
import type { TestPicture } from "../data/images.ts";
import { withChannels } from "../data/photos.ts";
import { readTestPictures } from "../data/test-pictures.node.ts";
import { createDenoiser } from "../denoiser/photo.ts";
import { SpecError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import { isConvolutional } from "../network/spec.ts";
import { type Measured, measureSet, type SetQuality } from "../quality/evaluate-set.ts";
import { type Condition, SET_SEED } from "../quality/test-conditions.ts";
import { computingCores } from "../wasm/workers.ts";
import { jsonText } from "./json-text.ts";
import { noiseModelFrom } from "./noise-option.ts";
import { noisyFolder } from "./noisy-folder.ts";
import { percentProgress } from "./progress.ts";
import { textTable } from "./quality-table.ts";

/** The options of `evaluate --set`. */
export interface SetOptions {
  set: string;
  levels?: number[];
  noise?: string;
  jpeg?: number[];
  auto?: boolean;
  grey?: boolean;
  quality?: "standard" | "best";
  bestSigma?: boolean;
  each?: boolean;
  saveNoisy?: string;
  json?: boolean;
}

/** The levels that the literature measures sets of photographs at, in grey levels. */
export const SET_LEVELS: readonly number[] = [15, 25, 50];

/**
 * `denoise-wasm evaluate [MODEL…] --set DIR`: measures models of convolutions, or those that come with the package, on a
 * folder of photographs, to which Gaussian noise is added, or of pairs of real noise.
 * @returns what to report
 */
export async function evaluateSet(
  named: readonly { name: string; model: Model }[],
  options: SetOptions,
): Promise<string> {
  const dense = named.find(({ model: { spec } }) => !isConvolutional(spec));
  if (dense) {
    throw new SpecError(`${dense.name} is of dense layers, for pictures of one size. Leave --set out.`);
  }
  const models = named.map(({ model }) => model);
  const read = await readTestPictures(options.set);
  const pictures = options.grey ? read.map(greyOf) : read;
  const conditions = await conditionsOf(pictures, options);
  const saved = options.saveNoisy === undefined ? undefined : await noisyFolder(options.saveNoisy, pictures);
  const name = basename(resolve(options.set));
  const isBundled = models.length === 0;
  const modelChannels = isBundled ? [3, 1] : models.map(({ spec }) => spec.input.channels);
  const progress = percentProgress();
  let results: SetQuality[];
  try {
    using denoiser = await createDenoiser({
      ...(!isBundled && { model: models }),
      threads: computingCores(),
    });
    results = await measureSet(denoiser, pictures, conditions, {
      bestSigma: options.bestSigma ?? false,
      settings: { quality: options.quality },
      onProgress: (part) => progress.report(name, part),
      ...(saved && { onNoisy: saved.add }),
    });
  } finally {
    progress.stop();
  }
  await saved?.finish(name);
  const protocol = protocolOf(pictures, modelChannels, options);
  if (options.json) {
    return jsonText({
      name,
      models: isBundled ? "the package's" : named.map(({ name }) => name),
      protocol,
      seed: SET_SEED,
      results,
    });
  }
  const what = `${name}, ${pictures.length} ${pictures[0]!.noisy ? "pairs" : "pictures"}. ${protocol}`;
  return `${what}\n\n${tableOf(results, options.each ?? false)}`;
}

function greyOf({ name, clean, noisy }: TestPicture): TestPicture {
  return { name, clean: withChannels(clean, 1), ...(noisy && { noisy: withChannels(noisy, 1) }) };
}

/** @throws SpecError if options for noise that is added are given for pairs, or --best-sigma where it means nothing */
async function conditionsOf(pictures: readonly TestPicture[], options: SetOptions): Promise<Condition[]> {
  const { set, levels, noise, jpeg, auto, bestSigma, saveNoisy } = options;
  if (pictures[0]!.noisy) {
    const given = Object.entries({ levels, noise, jpeg, auto, "save-noisy": saveNoisy });
    const wrong = given.find(([, value]) => value !== undefined)?.[0];
    if (wrong === undefined) return [{ told: false }];
    throw new SpecError(`${set} holds pairs of real noise, to which none is added. Leave --${wrong} out.`);
  }
  if (noise !== undefined) {
    const added = await noiseModelFrom(noise);
    return (jpeg ?? [undefined]).map((quality) => ({
      noise: added,
      ...(quality !== undefined && { jpeg: quality }),
      told: false,
    }));
  }
  if (bestSigma && !jpeg && !auto) {
    throw new SpecError("--best-sigma is for levels that the model is not told. Add --auto or --jpeg to it.");
  }
  return (levels ?? SET_LEVELS).flatMap((sigma): Condition[] => {
    if (jpeg) return jpeg.map((quality) => ({ sigma, jpeg: quality, told: false }));
    return auto
      ? [
          { sigma, told: true },
          { sigma, told: false },
        ]
      : [{ sigma, told: true }];
  });
}

/** What was done, in sentences. */
function protocolOf(
  pictures: readonly TestPicture[],
  modelChannels: readonly number[],
  { noise, jpeg, grey, quality }: SetOptions,
): string {
  const after = jpeg ? ", clipped and rounded, then saved as JPEG (4:4:4)" : "";
  const sentences = [
    pictures[0]!.noisy
      ? "The noise is real; the model finds its level."
      : noise === undefined
        ? `Gaussian noise of σ grey levels${after || ", not clipped"}.`
        : `Noise: ${noise}${after}; the denoiser finds its level.`,
    "The output is clipped to 0 to 255 and rounded. Means over the pictures of each picture's own PSNR and SSIM.",
  ];
  if (quality === "best")
    sentences.push("Each result is the mean of those of the picture's eight orientations.");
  if (grey) sentences.push("Colour pictures were made grey (ITU-R BT.601).");
  const channels = pictures.map(({ clean }) => clean.channels);
  if (!modelChannels.includes(3) && channels.includes(3)) {
    sentences.push("The model is for grey pictures and denoises each colour by itself.");
  }
  if (!modelChannels.includes(1) && channels.includes(1)) {
    sentences.push(
      "The model is for colour: it takes grey pictures as three equal colours and averages what it makes of them.",
    );
  }
  return sentences.join(" ");
}

/** A condition in a few characters. */
function conditionName({ sigma, noise, jpeg, told }: Condition): string {
  if (noise) return `${noise.model}${jpeg === undefined ? "" : `, JPEG ${jpeg}`}`;
  if (sigma === undefined) return "real noise";
  return `σ = ${sigma}${jpeg === undefined ? "" : `, JPEG ${jpeg}`}${told || jpeg !== undefined ? "" : ", not told"}`;
}

function tableOf(results: readonly SetQuality[], each: boolean): string {
  const isSearched = results.some(({ mean }) => mean.bestOfSet);
  const head = ["", "noisy", "SSIM", "denoised", "SSIM", "at σ"];
  if (isSearched) head.push("best for the set", "at σ", "best for each", "at σ");
  const row = (name: string, { noisy, denoised, bestOfSet, bestOfEach }: Measured) => {
    const cells = [name, noisy.psnr.toFixed(2), noisy.ssim.toFixed(4)];
    cells.push(denoised.psnr.toFixed(2), denoised.ssim.toFixed(4), denoised.sigma.toFixed(1));
    if (!isSearched) return cells;
    for (const best of [bestOfSet, bestOfEach])
      cells.push(best?.psnr.toFixed(2) ?? "", best?.sigma.toFixed(1) ?? "");
    return cells;
  };
  const rows = results.flatMap(({ condition, mean, pictures }) => [
    row(conditionName(condition), mean),
    ...(each ? pictures.map((picture) => row(`  ${picture.name}`, picture)) : []),
  ]);
  return `PSNR in dB:\n${textTable(head, rows)}`;
}
