/** Models of random specs, with all that a spec may say. */
import type { Model } from "../../src/model/model.ts";
import { parseSpec } from "../../src/network/parse-spec.ts";
import { type Layer, layerShapes } from "../../src/network/spec.ts";
import { Random } from "../../src/noise/rng.ts";
import { convModel } from "./conv-models.ts";
import { add, conv1, conv3, shuffle, unshuffle } from "./unets.ts";

/** The largest number that a picture's sizes have to be multiples of, and the least size for the widest mirrored window. */
const mostShrink = 8;
export const leastSize = 5 * mostShrink;

/** A model of convolutions of the spec with this number: the same number gives the same model. */
export function randomModel(number: number): Model {
  const random = new Random(number, 5);
  const below = (count: number) => Math.floor(random.uniform() * count);
  const perhaps = () => below(2) === 1;
  const channels = perhaps() ? 3 : 1;
  const layers: Layer[] = [];
  const outputs = () =>
    layerShapes({ input: { channels, height: 1, width: 1 }, layers } as unknown as Model["spec"]).at(-1)
      ?.outputs ?? channels;
  const activation = () => (perhaps() ? "relu" : "linear");
  const convolution = (count: number) => {
    const options = { activation: activation(), bias: perhaps() } as const;
    layers.push(perhaps() ? conv1(count, options) : conv3(count, { ...options, dilation: 1 + below(4) }));
  };
  /** Layers at one scale, and within them perhaps those at smaller scales. The sums at its end are those of its first layer. */
  const scale = (shrink: number) => {
    convolution(2 + below(8));
    const first = layers.length;
    const count = outputs();
    if (2 * shrink <= mostShrink && perhaps()) {
      layers.push(unshuffle);
      scale(2 * shrink);
      layers.push(conv1(4 * count, { activation: activation() }), shuffle);
    } else {
      convolution(2 + below(8));
      convolution(count);
    }
    if (perhaps()) layers.push(add(first));
  };
  const isSmall = perhaps();
  if (isSmall) layers.push(unshuffle);
  scale(isSmall ? 2 : 1);
  layers.push(conv3((isSmall ? 4 : 1) * channels, { activation: "linear" }));
  if (isSmall) layers.push(shuffle);
  const model = convModel({
    channels,
    layers,
    white: [1, 255, 0.5 + random.uniform()][below(3)]!,
    residual: perhaps(),
    noiseLevel: perhaps(),
    padding: perhaps() ? "reflect" : "zeros",
  });
  const input = { ...model.spec.input, height: leastSize, width: leastSize };
  return { ...model, spec: parseSpec({ ...model.spec, input }, `random spec ${number}`) };
}
