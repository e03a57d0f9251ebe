/** Models for grey pictures that are made of models for colour pictures. */
import { expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { greyModel } from "../../src/model/grey-model.ts";
import type { Model } from "../../src/model/model.ts";
import { parseSpec } from "../../src/network/parse-spec.ts";
import { Random } from "../../src/noise/rng.ts";
import { runModel } from "../../src/quality/run-model.ts";
import { convModel } from "../support/conv-models.ts";
import { randomModel } from "../support/random-models.ts";
import { add, conv3, linear, unshuffle } from "../support/unets.ts";

const colourModels = Array.from({ length: 40 }, (_, number) => [number, randomModel(number)] as const).filter(
  ([, { spec }]) => spec.input.channels === 3,
);

/** What a model makes of a picture of its size whose channels are all equal: the mean of the channels that it puts out. */
async function outputOf(model: Model, grey: Float32Array): Promise<Float32Array> {
  const { height, width, channels } = model.spec.input;
  const data = Float32Array.from(
    { length: grey.length * channels },
    (_, at) => grey[Math.floor(at / channels)]!,
  );
  const { data: out } = await runModel(model, { data, count: 1, height, width, channels }, { sigma: 20 });
  const meanAt = (pixel: number) =>
    out.subarray(pixel * channels, (pixel + 1) * channels).reduce((sum, value) => sum + value, 0) / channels;
  return grey.map((_, pixel) => meanAt(pixel));
}

it.each(colourModels)(
  "random spec %i becomes a model that puts out the mean of its channels",
  async (_, model) => {
    const { height, width } = model.spec.input;
    const random = new Random(7, 7);
    const grey = Float32Array.from({ length: height * width }, () => 255 * random.uniform());
    const expected = await outputOf(model, grey);
    const folded = greyModel(model);
    expect(parseSpec(folded.spec, "folded")).toEqual(folded.spec);
    const out = await outputOf(folded, grey);
    const largest = Math.max(...expected.map(Math.abs), 255);
    const difference = Math.max(...out.map((value, at) => Math.abs(value - expected[at]!)));
    // Sums of float32 in another order: some hundred roundings of values up to the largest.
    expect(difference).toBeLessThan(200 * 2 ** -24 * largest);
    // Far from what one channel alone would be, so that a fold that forgets colours is seen.
    expect(Math.max(...expected.map((value, at) => Math.abs(value - grey[at]!)))).toBeGreaterThan(0.01);
  },
);

it("is left alone what the model knows of its training", () => {
  const [, model] = colourModels[0]!;
  const { noise, provenance, range } = greyModel(model);
  expect({ noise, provenance, range }).toEqual({
    noise: model.noise,
    provenance: model.provenance,
    range: model.range,
  });
});

it.each([
  ["for grey pictures", convModel({ channels: 1, layers: [conv3(1)] }), /three channels/],
  ["whose last outputs are cut off", convModel({ channels: 3, layers: [conv3(5), conv3(3)] }), /is linear/],
  [
    "that adds what is not yet convolved",
    convModel({ channels: 3, layers: [unshuffle, conv3(12), add(1), conv3(12, linear)] }),
    /nothing is added/,
  ],
  [
    "that adds behind its last convolution",
    convModel({ channels: 3, layers: [conv3(3), conv3(3, linear), add(1)] }),
    /nothing is added/,
  ],
])("a model %s is refused", (_, model, message) => {
  expect(() => greyModel(model)).toThrow(SpecError);
  expect(() => greyModel(model)).toThrow(message);
});
