/** Denoises pictures as the settings of the tab "Denoise" say, and makes files of them. */
import type { Denoised } from "../src/browser.ts";
import { calibratedDenoiser } from "../src/learning/denoise-calibrated.ts";
import { type BandedOptions, denoiseInBands } from "./bands.ts";
import { chosenLevel, chosenStrength } from "./denoise-settings.ts";
import type { ChosenDenoiser, Denoisers } from "./denoisers.ts";
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

/** How pictures are denoised. */
interface Manner {
  readonly learned: Learned | undefined;
  readonly level: number | "auto";
}

/** Denoises pictures one after the other, all in the same way. */
interface Batch {
  file(chosen: Chosen, signal: AbortSignal): Promise<NamedFile>;
  end(): void;
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
    given: Given,
    signal: AbortSignal,
    shown: Pick<BandedOptions, "onProgress" | "onRows">,
  ): Promise<Found> {
    const chosen = await this.denoisers.chosen();
    signal.throwIfAborted();
    return this.#runBy(chosen, this.#manner(), given, signal, shown);
  }

  /** A batch of pictures that are denoised as the settings say now, whatever is chosen for the picture that is shown meanwhile. */
  async begin(): Promise<Batch> {
    const [manner, strength] = [this.#manner(), chosenStrength()];
    const chosen = await this.denoisers.another();
    return {
      file: async (picture, signal) => {
        const { image: before, asked } = picture;
        const given = { image: before, asked, isMeasured: false };
        const { image: after, unchanged } = await this.#runBy(chosen, manner, given, signal);
        return fileOf(picture, { before, after, strength }, unchanged !== undefined);
      },
      end: () => chosen.denoiser.dispose(),
    };
  }

  #manner(): Manner {
    return { learned: this.learned(), level: chosenLevel() };
  }

  async #runBy(
    { denoiser: chosen, name, sight, quality }: ChosenDenoiser,
    { learned, level }: Manner,
    { image: before, asked }: Given,
    signal: AbortSignal,
    shown: Pick<BandedOptions, "onProgress" | "onRows"> = {},
  ): Promise<Found> {
    const start = performance.now();
    const denoiser = learned?.calibration ? calibratedDenoiser(chosen, learned.calibration) : chosen;
    const sigma = learned?.level ?? level;
    const find =
      asked === undefined ? undefined : () => pictureLink.ask({ type: "find", picture: asked }).answer;
    const found = await denoiseInBands(denoiser, before, sight, { sigma, quality, signal, find, ...shown });
    const seconds = (performance.now() - start) / 1000;
    const megapixels = (before.width * before.height) / 1e6;
    if (!found.unchanged && megapixels >= TELLING) this.denoisers.took(name, seconds, megapixels);
    return { ...found, seconds };
  }
}

/** The file of an outcome, named after the picture that it came from; that picture's own file if nothing was taken away. */
export async function fileOf(
  { file, image, name }: Chosen,
  outcome: Outcome,
  isUnchanged: boolean,
): Promise<NamedFile> {
  const isAsBefore = isUnchanged || outcome.strength === 0;
  if (isAsBefore && file && outcome.before === image) return { name, blob: file };
  const blob = await pictureLink.ask({ type: "encode", file, ...outcome }).answer;
  const ending = blob.type === "image/jpeg" ? "jpg" : "png";
  return { name: `${name.replace(/\.\w+$/, "")}${isAsBefore ? "" : "-denoised"}.${ending}`, blob };
}
