/** Denoises pictures as the settings of the tab "Denoise" say, and makes files of them. */
import type { Denoised } from "../src/browser.ts";
import { calibratedDenoiser } from "../src/learning/denoise-calibrated.ts";
import { type BandedOptions, denoiseInBands } from "./bands.ts";
import { chosenLevel, chosenStrength } from "./denoise-settings.ts";
import type { Denoisers } from "./denoisers.ts";
import type { Learned } from "./learning-messages.ts";
import { pictureLink } from "./picture-link.ts";
import type { Outcome } from "./picture-messages.ts";
import type { Chosen } from "./pictures.ts";

/** The picture to denoise: as it came or, if `isMeasured`, with noise that was added to a clean one. */
export interface Given {
  readonly image: ImageData;
  /** The number of the question that the picture worker answered with it. */
  readonly asked?: number | undefined;
  /** Whether that added noise to a clean picture. */
  readonly isMeasured: boolean;
}

export interface Found extends Pick<Denoised, "sigma" | "unchanged"> {
  readonly image: ImageData;
  readonly seconds: number;
}

export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** How many megapixels a picture has at least from which one can tell how long others take. */
const TELLING = 0.1;

export class Denoising {
  /** @param learned what was learned of such pictures */
  constructor(
    private readonly denoisers: Denoisers,
    private readonly learned: () => Learned | undefined,
  ) {}

  async run(
    { image: before, asked }: Given,
    signal: AbortSignal,
    shown: Pick<BandedOptions, "onProgress" | "onRows"> = {},
  ): Promise<Found> {
    const { denoiser: chosen, name, sight, quality } = await this.denoisers.chosen();
    signal.throwIfAborted();
    const start = performance.now();
    const learned = this.learned();
    const denoiser = learned?.calibration ? calibratedDenoiser(chosen, learned.calibration) : chosen;
    const sigma = learned?.level ?? chosenLevel();
    const find =
      asked === undefined ? undefined : () => pictureLink.ask({ type: "find", picture: asked }).answer;
    const found = await denoiseInBands(denoiser, before, sight, { sigma, quality, signal, find, ...shown });
    const seconds = (performance.now() - start) / 1000;
    const megapixels = (before.width * before.height) / 1e6;
    if (!found.unchanged && megapixels >= TELLING) this.denoisers.took(name, seconds, megapixels);
    return { ...found, seconds };
  }

  /** Denoises one of several pictures, and returns its file. */
  async file(chosen: Chosen, signal: AbortSignal): Promise<NamedFile> {
    const given = { image: chosen.image, asked: chosen.asked, isMeasured: false };
    const { image } = await this.run(given, signal);
    return fileOf(chosen, { before: chosen.image, after: image, strength: chosenStrength() });
  }
}

/** The file of an outcome, named after the picture that it came from. */
export async function fileOf({ file, name }: Chosen, outcome: Outcome): Promise<NamedFile> {
  const blob = await pictureLink.ask({ type: "encode", file, ...outcome }).answer;
  const ending = blob.type === "image/jpeg" ? "jpg" : "png";
  return { name: `${name.replace(/\.\w+$/, "")}-denoised.${ending}`, blob };
}
