/** A part of a picture on its way through a network of convolutions: what each layer puts out, and what comes of it. */
import { luma } from "../src/data/photos.ts";
import type { ModelLike } from "../src/model/model.ts";
import { Network } from "../src/network/network.ts";
import { isSameNetwork, type LayerShape, layerShapes } from "../src/network/spec.ts";

export interface LayerOutput {
  readonly layer: LayerShape;
  readonly width: number;
  readonly height: number;
  /** [channels, height, width] */
  readonly values: Float32Array;
}

export interface Way {
  readonly layers: readonly LayerOutput[];
  /** What is taken away and what stays, in grey levels: [height, width, channels]. */
  readonly taken: Float32Array;
  readonly denoised: Float32Array;
  /** 1 or 3. */
  readonly channels: number;
}

type Sizes = Pick<ImageData, "width" | "height">;

let kept: { readonly network: Network; readonly size: Sizes } | undefined;

/**
 * Runs a network on a part of a picture, whose sizes are multiples of what its layers need.
 * @param level the noise level that the network is told, if it is told one
 */
export async function wayOf(model: ModelLike, part: ImageData, level: number): Promise<Way> {
  const network = await networkFor(model, part);
  const { channels } = model.spec.input;
  const { data } = part;
  for (let pixel = 0; pixel < data.length / 4; pixel++) {
    const [red, green, blue] = data.subarray(4 * pixel, 4 * pixel + 3) as unknown as [number, number, number];
    if (channels === 1) network.input[pixel] = luma(red, green, blue);
    else network.input.set([red, green, blue], 3 * pixel);
  }
  network.sigma[0] = level;
  network.forward();
  const denoised = network.output.slice();
  return {
    layers: layerShapes(model.spec).map((layer, index) => {
      const { shape, values } = network.activations(index + 1);
      return { layer, height: shape[1], width: shape[2], values };
    }),
    taken: network.input.map((value, i) => value - denoised[i]!),
    denoised,
    channels,
  };
}

/** A network for such parts with the model's weights: the one that ran last, if it is of the same kind. */
async function networkFor({ spec, parameters }: ModelLike, { width, height }: Sizes): Promise<Network> {
  const fits =
    kept?.size.width === width && kept.size.height === height && isSameNetwork(kept.network.spec, spec);
  if (!fits) {
    const size = { width, height };
    kept = { network: await Network.create(spec, { batch: 1, size, activations: true }), size };
  }
  const { network } = kept!;
  for (const [name, values] of parameters) network.set(name, values);
  return network;
}
