/** The inference build's convolutions against their float64 twin, at odd sizes and numbers of channels. */
import { describe, expect, it } from "vitest";
import { type ConvStream, createConvStream } from "../../src/denoiser/conv-stream.ts";
import { type ConvModel, convModelOf } from "../../src/model/conv-model.ts";
import { bundled } from "../../src/wasm/bundled.ts";
import { hasRelaxedSimd } from "../../src/wasm/detect.ts";
import { loadInference } from "../../src/wasm/inference.ts";
import { exact } from "../support/bounds.ts";
import { Comparison } from "../support/comparison.ts";
import { type ConvModelOptions, convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { streamOutput } from "../support/winograd-bounds.ts";

const cases: [string, ConvModelOptions][] = [
  ["one layer", { hidden: [], dilations: [1] }],
  ["one layer, dilation 3", { hidden: [], dilations: [3] }],
  ["1 channel between", { hidden: [1], dilations: [1, 1] }],
  ["3 channels between, dilation 4", { hidden: [3], dilations: [1, 4] }],
  ["5 channels between, dilations 2 and 3", { hidden: [5], dilations: [2, 3] }],
  ["16 channels between, dilation 2", { hidden: [16], dilations: [2, 1] }],
  ["33 channels between", { hidden: [33], dilations: [1, 1] }],
  ["RGB, no noise level", { channels: 3, hidden: [8], dilations: [2, 1], noiseLevel: false }],
  ["mirrored borders", { hidden: [7], dilations: [2, 1], padding: "reflect" }],
];
const sizes = [
  [1, 1],
  [3, 17],
  [17, 3],
  [28, 28],
  [67, 5],
  [255, 4],
] as const;

/** Planes through the network. */
function run(
  stream: ConvStream,
  input: Float32Array,
  { width, height, outputs }: { width: number; height: number; outputs: number },
) {
  const output = new Float32Array(outputs * width * height);
  const channels = input.length / (width * height);
  const picture = {
    width,
    height,
    write(row: number, floats: Float32Array, at: number, stride: number) {
      for (let c = 0; c < channels; c++) {
        const first = (c * height + row) * width;
        floats.set(input.subarray(first, first + width), at + c * stride);
      }
    },
    read(row: number, floats: Float32Array, at: number, stride: number) {
      for (let c = 0; c < outputs; c++) {
        output.set(floats.subarray(at + c * stride, at + c * stride + width), (c * height + row) * width);
      }
    },
  };
  for (const _ of stream.run(picture));
  return output;
}

for (const variant of ["simd", "relaxed"] as const) {
  const without = variant === "relaxed" && !hasRelaxedSimd();
  describe.skipIf(without)(
    `${variant}${without ? " (skipped: this runtime has no relaxed SIMD, Node 22 has)" : ""}`,
    () => {
      for (const [title, options] of cases) {
        it(`${title}: within what the roundings allow`, async () => {
          const model: ConvModel = convModelOf(convModel(options), "the model");
          const outputs = model.layers.at(-1)!.outputs;
          const mode = variant === "relaxed" ? "fast" : "reproducible";
          const stream = createConvStream(await loadInference(bundled(mode).wasm?.()), model);
          const comparison = new Comparison();
          const least = options.padding === "reflect" ? 3 : 1;
          for (const [width, height] of sizes.filter((size) => Math.min(...size) >= least)) {
            const input = normal(model.layers[0]!.inputs * width * height, 7 + width, 1);
            const { value, error } = streamOutput(model, exact(input), { images: 1, width, height });
            const output = run(stream, input, { width, height, outputs });
            comparison.add(`${width} × ${height}`, output, value, error);
          }
          expect(comparison.finish()).toBeGreaterThan(0);
        });
      }
    },
  );
}
