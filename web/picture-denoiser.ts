/** A network of convolutions over a picture of any size: band by band, with the rows that its windows reach. */

import { ModelFileError, SpecError } from "../src/errors.ts";
import { yieldToEventLoop } from "../src/event-loop.ts";
import type { Model } from "../src/model.ts";
import { decodeModel } from "../src/model-file.ts";
import { Network } from "../src/network.ts";
import { canShareMemory } from "../src/wasm/threads.ts";
import { coreCount } from "../src/wasm/workers.ts";
import { isGrey } from "./grey.ts";
import { laplacianSigma } from "./laplacian-sigma.ts";

/** Pixels of a band, without what its windows reach beyond it. */
const BAND_PIXELS = 1 << 15;

interface Options {
  /** Standard deviation of the noise in grey levels, or found from the picture. */
  readonly sigma: number | "auto";
  readonly strength: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

export class PictureDenoiser {
  /** @throws ModelFileError where there is no such file, or it is not a network of convolutions on grey pictures */
  static async load(url: string): Promise<PictureDenoiser> {
    const response = await fetch(url);
    if (!response.ok)
      throw new ModelFileError(
        `${url} is not on the server (${response.status}): build the page with --model.`,
      );
    return new PictureDenoiser(decodeModel(new Uint8Array(await response.arrayBuffer()), url));
  }

  /** Rows and columns that an output pixel depends on, to each side. */
  readonly #reach: number;
  #network: Network | undefined;
  #shape = "";

  private constructor(private readonly model: Model) {
    let reach = 0;
    for (const layer of model.spec.layers) {
      if (layer.type !== "conv3x3")
        throw new SpecError("Only networks of convolutions take pictures of any size.");
      reach += layer.dilation;
    }
    this.#reach = reach;
  }

  /** Each colour on its own, a grey picture's as one, alpha kept. @returns the picture, and the noise level that was taken for it */
  async denoise(image: ImageData, options: Options): Promise<{ image: ImageData; sigma: number }> {
    const { data, width, height } = image;
    const sigma = options.sigma === "auto" ? laplacianSigma(image) : options.sigma;
    const reach = this.#reach;
    const rows = Math.min(height, Math.max(1, Math.floor(BAND_PIXELS / width)) + 2 * reach);
    const colors = isGrey(data) ? 1 : 3;
    const network = await this.#networkOf(colors, rows, width);
    const result = data.slice();
    network.sigma.fill(sigma * options.strength);
    for (let done = 0; done < height; ) {
      options.signal.throwIfAborted();
      const first = Math.max(0, Math.min(done - reach, height - rows));
      const end = first + rows === height ? height : first + rows - reach;
      for (let color = 0; color < colors; color++) {
        const plane = network.input.subarray(color * rows * width, (color + 1) * rows * width);
        for (let i = 0; i < plane.length; i++) plane[i] = data[4 * (first * width + i) + color]!;
      }
      network.forward();
      for (let color = 0; color < colors; color++) {
        const plane = network.output.subarray(color * rows * width, (color + 1) * rows * width);
        for (let i = (done - first) * width; i < (end - first) * width; i++) {
          const at = 4 * (first * width + i);
          if (colors === 1) result.fill(plane[i]!, at, at + 3);
          else result[at + color] = plane[i]!;
        }
      }
      done = end;
      options.onProgress(done / height);
      await yieldToEventLoop();
    }
    return { image: new ImageData(result, width, height), sigma };
  }

  async #networkOf(batch: number, height: number, width: number): Promise<Network> {
    const shape = `${batch}×${height}×${width}`;
    if (this.#network && this.#shape === shape) return this.#network;
    await this.#network?.dispose();
    const threads = canShareMemory() ? Math.min(coreCount(), 4) : 1;
    const network = await Network.create(this.model.spec, { batch, size: { height, width }, threads });
    for (const [name, values] of this.model.parameters) network.set(name, values);
    this.#network = network;
    this.#shape = shape;
    return network;
  }
}
