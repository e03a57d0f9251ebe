/** What each layer puts out in a forward pass, against the layer's twin on what the layer before put out. */
import { describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { Network } from "../../src/network/network.ts";
import { isConvolution, layerShapes, scaleOf, sourceOf, windowOf } from "../../src/network/spec.ts";
import { describeBuilds } from "../support/builds.ts";
import { Comparison } from "../support/comparison.ts";
import { convNetworks } from "../support/conv-cases.ts";
import { randomBatch, randomParameters, setBatch } from "../support/conv-networks.ts";
import { convolve, shuffle, unshuffle } from "../support/naive-conv.ts";
import { networkWith } from "../support/networks.ts";

describeBuilds("activations", (build) => {
  it.each(convNetworks)("are those of the layers: $name", async ({ spec }) => {
    const parameters = randomParameters(spec);
    const [kept, plain] = await Promise.all(
      [true, false].map((activations) => networkWith(build, spec, parameters, { batch: 1, activations })),
    );
    for (const network of [kept!, plain!]) {
      setBatch(network, randomBatch(spec, 1));
      network.forward();
    }
    // That they are kept changes nothing.
    expect(kept!.output).toEqual(plain!.output);

    const { height, width, channels } = spec.input;
    const scale = Math.fround(scaleOf(spec));
    const size = { images: 1, height, width };
    const planes = Array.from({ length: channels }, (_, c) =>
      Array.from({ length: height * width }, (_, pixel) =>
        Math.fround(kept!.input[pixel * channels + c]! * scale),
      ),
    );
    let before: ArrayLike<number> = planes.flat();
    const shapes = layerShapes(spec);
    const firstConvolution = shapes.findIndex(isConvolution);
    const comparison = new Comparison();
    for (const [index, layer] of shapes.entries()) {
      const { inputs, outputs, shrink, name } = layer;
      const { shape, values } = kept!.activations(index + 1);
      const here = { ...size, height: height / shrink, width: width / shrink };
      expect(shape).toEqual([outputs, here.height, here.width]);
      if (isConvolution(layer)) {
        const level = Array.from({ length: here.height * here.width }, () => kept!.sigma[0]! * scale);
        const x = [...Array.from(before), ...(spec.noiseLevel && index === firstConvolution ? level : [])];
        const side = windowOf(layer);
        const dilation = layer.type === "conv3x3" ? layer.dilation : 1;
        const window = {
          ...here,
          ins: inputs,
          outs: outputs,
          side,
          dilation,
          padding: spec.padding ?? "zeros",
        };
        const bias = parameters.get(`${name}.bias`) ?? new Float32Array(outputs);
        const y = convolve(window, x, parameters.get(`${name}.weight`)!, bias);
        const expected = layer.activation === "relu" ? y.map((value) => Math.max(0, value)) : y;
        // The transforms of 3×3 windows add as many roundings again.
        comparison.addWhole(name, values, expected, 2 * side * side * inputs + 1);
      } else if (layer.type === "add") {
        const other = kept!.activations(sourceOf(layer) + 1).values;
        expect(values).toEqual(Float32Array.from(before, (value, i) => value + other[i]!));
      } else if (layer.type === "pixel-unshuffle") {
        expect(values).toEqual(Float32Array.from(unshuffle(before, here, outputs)));
      } else {
        const small = { ...here, height: here.height / 2, width: here.width / 2 };
        expect(values).toEqual(Float32Array.from(shuffle(before, small, inputs)));
      }
      before = values;
    }
    comparison.finish();
    await Promise.all([kept!.dispose(), plain!.dispose()]);
  });
});

describe("activations", () => {
  it("are refused where they were not kept, and of layers that are not there", async () => {
    const { spec } = convNetworks[0]!;
    const plain = await Network.create(spec, { batch: 1 });
    expect(() => plain.activations(1)).toThrow(SpecError);
    const kept = await Network.create(spec, { batch: 1, activations: true });
    expect(() => kept.activations(0)).toThrow(SpecError);
    expect(() => kept.activations(spec.layers.length + 1)).toThrow(SpecError);
    expect(kept.activations(1).values.length).toBe(5);
  });
});
