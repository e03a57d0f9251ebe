import { Network } from "../network/network.ts";
import type { Mode } from "../wasm/detect.ts";
import type { ModelLike } from "./model.ts";

/** Builds a network with a model's weights, for forward passes on `batch` pictures. */
export async function networkOf(model: ModelLike, options: { batch: number; mode?: Mode }): Promise<Network> {
  const network = await Network.create(model.spec, options);
  for (const [name, values] of model.parameters) network.set(name, values);
  return network;
}
