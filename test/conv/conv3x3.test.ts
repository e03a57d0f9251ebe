import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { Activation, BAND, STRIP } from "../../assembly/program/opcodes.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { hasRelaxedSimd } from "../../src/wasm/detect.ts";
import {
  compileKernels,
  fromPanels,
  geometryOf,
  groupsOf,
  type Image,
  Kernels,
  panelLength,
  roundUp,
  toPanels,
  transformedLength,
} from "../support/conv-kernels.ts";
import * as naive from "../support/naive-conv.ts";
import {
  inputGradientTerms,
  roundingsOf,
  termsOf,
  weightGradientRoundings,
  weightGradientTerms,
} from "../support/winograd-bounds.ts";

/** The relative error of one float32 rounding. */
const unit = 2 ** -24;

interface Case {
  layer: naive.Window;
  x: Float32Array<ArrayBufferLike>;
  w: Float32Array;
  bias: Float32Array;
  dy: Float32Array;
}

const random = new Random(7, Purpose.trainingNoise);
const normal = (length: number) => {
  const values = new Float32Array(length);
  random.fillNormal(values);
  return values;
};
const abs = (values: ArrayLike<number>) => Float64Array.from(values, Math.abs);

function caseOf(layer: naive.Window): Case {
  const { ins, outs } = layer;
  return {
    layer,
    // What a ReLU has put out: the half of it is zero.
    x: normal(naive.valuesOf(layer, ins)).map((value) => Math.max(value, 0)),
    w: normal(outs * ins * 9),
    bias: normal(outs),
    // Over a large picture with a mean, so that sums are not mere cancellation.
    dy: normal(naive.valuesOf(layer, outs)).map((value) => (layer.height > 100 ? value + 0.5 : value)),
  };
}

const sizes: [images: number, height: number, width: number][] = [
  [3, 1, 1],
  [2, 3, 17],
  [2, 28, 28],
  [2, 31, 33],
];
const channels: [ins: number, outs: number][] = [
  [1, 16],
  [16, 1],
  [3, 5],
  [16, 16],
  [33, 3],
  [5, 33],
  [2, 12],
];
const layers: naive.Window[] = [];
for (const [images, height, width] of sizes) {
  for (const padding of ["zeros", "reflect"] as const) {
    for (const dilation of [1, 2, 3, 4]) {
      if (padding === "reflect" && dilation >= Math.min(height, width)) continue;
      channels.forEach(([ins, outs], index) => {
        // The first three with each dilation, the wider ones with one.
        if (index > 2 && (index - 3) % 4 !== dilation - 1) return;
        layers.push({ images, height, width, ins, outs, dilation, padding });
      });
    }
  }
}
// What may be left over of every tile, in columns and in outputs.
for (const width of [4, 8, 12, 16, 20, 24, 28, 32]) {
  layers.push({ images: 1, height: 3, width, ins: 2, outs: 4 + (width % 7), dilation: 1, padding: "zeros" });
  layers.push({ images: 1, height: 3, width, ins: 2, outs: 19, dilation: 1, padding: "zeros" });
}
// Every way to make two spans of a strip, and of two images.
for (const vectors of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 24, 31, 40]) {
  const width = 4 * vectors - (vectors % 4);
  layers.push({ images: 3, height: 3, width, ins: 3, outs: 5, dilation: 1, padding: "zeros" });
}
layers.push({ images: 1, height: 255, width: 257, ins: 3, outs: 5, dilation: 1, padding: "zeros" });
layers.push({ images: 1, height: 255, width: 257, ins: 16, outs: 1, dilation: 4, padding: "reflect" });

const describeLayer = ({ images, height, width, ins, outs, dilation, padding }: naive.Window) =>
  `${ins}→${outs}, ${images} of ${height}×${width}, dilation ${dilation}, ${padding}`;

/** Made once for all builds. */
const cases = layers.map((layer) => [describeLayer(layer), caseOf(layer)] as const);
const expected = new Map<string, Float64Array>();
function once(key: string, compute: () => Float64Array): Float64Array {
  const known = expected.get(key);
  if (known) return known;
  const value = compute();
  expected.set(key, value);
  return value;
}

/**
 * Every value is off by no more than `roundings` float32 roundings of its `magnitude`, the sum of its terms' absolute
 * values, and the whole by less than a hundredth: a tolerance as large as the values could not fail.
 */
function expectClose(
  actual: ArrayLike<number>,
  wanted: Float64Array,
  magnitude: Float64Array,
  roundings: number,
): void {
  expect(actual.length).toBe(wanted.length);
  let tolerance = 0;
  let size = 0;
  let worst = "";
  for (let j = 0; j < wanted.length; j++) {
    const bound = roundings * unit * magnitude[j]!;
    tolerance += bound;
    size += Math.abs(wanted[j]!);
    if (!(Math.abs(actual[j]! - wanted[j]!) <= bound)) worst ||= `[${j}] ${actual[j]} is not ${wanted[j]}`;
  }
  expect(worst).toBe("");
  expect(tolerance).toBeLessThanOrEqual(1e-2 * size);
}

/** toEqual for long arrays, which takes its time with them. */
function expectSame(actual: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(actual.length).toBe(wanted.length);
  let at = 0;
  while (at < wanted.length && Object.is(actual[at], wanted[at])) at++;
  expect(at < wanted.length ? `[${at}] ${actual[at]} is not ${wanted[at]}` : "").toBe("");
}

const builds = [
  { target: "simd", reason: undefined },
  {
    target: "relaxed",
    reason: hasRelaxedSimd() ? undefined : "this runtime has no relaxed SIMD, Node 22 has",
  },
  { target: "debug", reason: undefined },
];

/** A layer's buffers in wasm memory. */
class Layer {
  readonly x: Image;
  readonly dy: Image;
  readonly w: number;
  readonly bias: number;
  readonly u: number;

  constructor(
    readonly kernels: Kernels,
    readonly task: Case,
  ) {
    const { images, height, width, ins, outs, dilation, padding } = task.layer;
    kernels.clear();
    // With a mirrored border the input gradient reaches into the border, so dy has to have twice as much.
    const pad = padding === "zeros" ? dilation : 2 * dilation;
    const geometry = geometryOf(images, height, width, pad, padding);
    this.x = kernels.image(geometry, ins, task.x);
    this.dy = kernels.image(geometry, outs, task.dy);
    this.w = kernels.floats(toPanels(task.w, ins, outs));
    this.bias = kernels.floats([...task.bias, 0, 0, 0]);
    this.u = this.transform(this.w, ins, outs);
    if (padding === "reflect") {
      const items = images * (height + 2 * dilation);
      kernels.check(
        "padReflected",
        items,
        [this.x.origin, ins, ...this.shape, dilation],
        [{ ...this.x, border: dilation }],
      );
    }
  }

  get shape(): number[] {
    const { height, width, pitch, rows } = this.x;
    return [height, width, pitch, rows];
  }

  transform(w: number, ins: number, outs: number): number {
    const words = transformedLength(ins, outs);
    const u = this.kernels.place(4 * words);
    const items = Math.ceil(outs / 4);
    this.kernels.check("conv3x3TransformWeights", items, [u, w, ins, outs], [{ address: u, words }]);
    return u;
  }

  /** y = conv(x); `border` of y is written too. */
  convolve(
    y: Image,
    x: Image,
    u: number,
    bias: number,
    gate: number,
    activation: Activation,
    border = 0,
  ): void {
    const { kernels } = this;
    const { dilation } = this.task.layer;
    const [ins, outs] = [x.channels, y.channels];
    const [height, width] = [y.height + 2 * border, y.width + 2 * border];
    const start = (image: Image) => image.origin - border * (image.channels * y.pitch + 4);
    const bytes = 16 * ((6 * ins + 1) * (STRIP + 4) + 6 * roundUp(outs, 4) * (STRIP + 1));
    const scratch = kernels.place(bytes);
    // What another layer has left there does not count.
    kernels.fill(scratch, bytes);
    const shape = [height, width, y.pitch, y.rows];
    kernels.check(
      "conv3x3",
      y.images * groupsOf(height, dilation),
      [start(y), start(x), u, bias, gate, scratch, ins, outs, ...shape, dilation, activation],
      [
        { ...y, border },
        { address: scratch, words: bytes / 4, scratch: true },
      ],
    );
  }

  forward(activation: Activation): Float32Array {
    const y = this.kernels.image(this.x, this.task.layer.outs);
    this.convolve(y, this.x, this.u, this.bias, 0, activation);
    return this.kernels.planes(y);
  }

  /** dx ∘ (x > 0) */
  inputGradient(): Float32Array {
    const { kernels, x, dy } = this;
    const { images, height, ins, outs, dilation, padding } = { ...x, ...this.task.layer };
    const length = panelLength(outs, ins);
    const wt = kernels.place(4 * length);
    kernels.check(
      "conv3x3TransposeWeights",
      Math.ceil(ins / 4),
      [wt, this.w, ins, outs],
      [{ address: wt, words: length }],
    );
    const u = this.transform(wt, outs, ins);
    const zeros = kernels.place(4 * roundUp(ins, 4));
    const dx = kernels.image(x, ins);
    if (padding === "zeros") this.convolve(dx, dy, u, zeros, x.origin, Activation.linear);
    else {
      const padded = kernels.image(x, ins);
      this.convolve(padded, dy, u, zeros, 0, Activation.linear, dilation);
      kernels.check(
        "foldReflected",
        images * height,
        [dx.origin, padded.origin, x.origin, ins, ...this.shape, dilation],
        [dx],
      );
    }
    return kernels.planes(dx);
  }

  /** With `transposed`, the gradient of the transposed weights, turned back. */
  weightGradient(transposed: boolean): { dw: Float32Array; dbias: Float32Array; roundings: number } {
    const { kernels, x } = this;
    const { images, height, width, ins, outs, dilation } = this.task.layer;
    const vectors = Math.ceil(width / 4);
    const groups = groupsOf(height, dilation);
    const band = Math.max(1, Math.min(groups, Math.floor(BAND / vectors)));
    const [a, b] = transposed ? [x, this.dy] : [this.dy, x];
    const [as, bs] = [a.channels, b.channels];
    const length = transformedLength(bs, as);
    const chunk = 4 * length + 4 * roundUp(outs, 16);
    // All images but the last in one chunk, the last in another, whose old contents do not count.
    const count = Math.min(images, 2);
    const chunks = kernels.floats(normal((chunk * count) / 4));
    const whole = (1 + 6 * bs * band) * (vectors + 2) + 6 * roundUp(as, 4) * band * vectors;
    const bytes = roundUp(12 * bs, 64) + 16 * whole + 4 * band * vectors;
    const scratch = kernels.place(bytes);
    kernels.fill(scratch, bytes);
    for (let image = 0; image < images; image++) {
      const own = count === 1 || image < images - 1 ? chunks : chunks + chunk;
      const start = image === 0 || own !== chunks;
      kernels.checkCall(
        "conv3x3WeightGradient",
        [
          ...[own, scratch, a.origin, b.origin, as, bs, height, width, x.pitch],
          ...[image * x.rows, dilation, +transposed, +start],
        ],
        [
          { address: own, words: chunk / 4 },
          { address: scratch, words: bytes / 4 },
        ],
      );
    }
    const sum = (from: number, words: number) => {
      const to = kernels.place(4 * words);
      kernels.check("sumChunks", words / 16, [to, from, chunk, count], [{ address: to, words }]);
      return to;
    };
    const words = panelLength(bs, as);
    let dw = kernels.place(4 * words);
    kernels.check(
      "conv3x3GatherWeights",
      Math.ceil(as / 4),
      [dw, sum(chunks, length), bs, as],
      [{ address: dw, words }],
    );
    if (transposed) {
      const panels = panelLength(ins, outs);
      const turned = kernels.place(4 * panels);
      kernels.check(
        "conv3x3TransposeWeights",
        Math.ceil(outs / 4),
        [turned, dw, outs, ins],
        [{ address: turned, words: panels }],
      );
      dw = turned;
    }
    const panels = kernels.readFloats(dw, panelLength(ins, outs));
    // Padding stays zero, so that the optimiser leaves it alone.
    expectSame(toPanels(fromPanels(panels, ins, outs), ins, outs), panels);
    return {
      dw: fromPanels(panels, ins, outs),
      dbias: kernels.readFloats(sum(chunks + 4 * length, roundUp(outs, 16)), outs),
      roundings: weightGradientRoundings(this.task.layer),
    };
  }
}

for (const { target, reason } of builds) {
  const title = `convolution kernels, build ${target}`;
  describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
    let kernels: Kernels;
    beforeAll(async () => {
      kernels = await Kernels.load(await compileKernels(target));
    });

    describe.each(cases)("%s", (name, task) => {
      const { layer, x, w, bias, dy } = task;
      const terms = once.bind(undefined, `${name} terms`);

      it("forward", () => {
        const y = once(`${name} y`, () => naive.convolve(layer, x, w, bias));
        const magnitude = terms(() => termsOf(layer, x, w, bias));
        const buffers = new Layer(kernels, task);
        const linear = buffers.forward(Activation.linear);
        expectClose(linear, y, magnitude, roundingsOf(layer));
        const rectified = linear.map((value) => Math.max(value, 0));
        expectSame(buffers.forward(Activation.relu), rectified);
      });

      it("input gradient behind a ReLU", () => {
        const gate = (dx: Float64Array) => dx.map((value, index) => (x[index]! > 0 ? value : 0));
        const dx = once(`${name} dx`, () => gate(naive.inputGradient(layer, dy, w)));
        const magnitude = once(`${name} dx terms`, () => inputGradientTerms(layer, abs(dy), w));
        // A pixel near a corner is mirrored three times.
        expectClose(
          new Layer(kernels, task).inputGradient(),
          dx,
          magnitude,
          roundingsOf({ ...layer, ins: layer.outs }) + 8,
        );
      });

      it.each(layer.padding === "zeros" ? [false, true] : [false])(
        "weight gradient, transposed: %s",
        (transposed) => {
          const both = (values: { dw: Float64Array; dbias: Float64Array }) =>
            Float64Array.of(...values.dw, ...values.dbias);
          const wanted = once(`${name} dw`, () => both(naive.weightGradient(layer, dy, x)));
          const magnitude = once(`${name} dw terms ${transposed}`, () =>
            both(weightGradientTerms(layer, abs(dy), x, transposed)),
          );
          const { dw, dbias, roundings } = new Layer(kernels, task).weightGradient(transposed);
          expectClose(Float32Array.of(...dw, ...dbias), wanted, magnitude, roundings);
        },
      );
    });

    it("keeps NaN through a ReLU", () => {
      const layer = {
        images: 1,
        height: 2,
        width: 6,
        ins: 1,
        outs: 5,
        dilation: 1,
        padding: "zeros",
      } as const;
      const task = caseOf(layer);
      task.x[0] = Number.NaN;
      const y = new Layer(kernels, task).forward(Activation.relu);
      // The rows of a group are computed together.
      const wanted = naive.convolve(layer, task.x, task.w, task.bias);
      expect(wanted.some(Number.isNaN)).toBe(true);
      for (const [at, value] of wanted.entries()) if (Number.isNaN(value)) expect(y[at]).toBeNaN();
    });

    describe.each(["adam", "adagrad"])("a network against PyTorch: conv-small-%s", (name) => {
      it("output and gradients of the first step", () => checkReference(kernels, name));
    });

    describe.each(sizes)("%i images of %i×%i", (images, height, width) => {
      const size = { images, height, width };
      const geometry = (pad: number, padding: "zeros" | "reflect" = "zeros") =>
        geometryOf(images, height, width, pad, padding);
      const shapeOf = ({ height, width, pitch, rows }: Image) => [height, width, pitch, rows];

      it.each([1, 2, 4])("clears a border of %i", (by) => {
        kernels.clear();
        const x = kernels.image(geometry(by), 3, normal(naive.valuesOf(size, 3)));
        const planes = kernels.planes(x);
        const words = new Int32Array(kernels.memory.buffer);
        const inside = new Set<number>();
        kernels.eachValue(x, (word) => inside.add(word));
        kernels.eachValue(
          x,
          (word) => {
            if (!inside.has(word)) words[word] = -1;
          },
          by,
        );
        const items = images * x.rows + by;
        kernels.check("padZeros", items, [x.origin, 3, ...shapeOf(x), images, by], [{ ...x, border: by }]);
        expectSame(kernels.planes(x, by), Float32Array.from(naive.pad(planes, size, 3, by, "zeros")));
      });

      it.each([1, 2, 3, 4, 7].filter((by) => by < Math.min(height, width)))(
        "mirrors a border of %i",
        (by) => {
          kernels.clear();
          const planes = normal(naive.valuesOf(size, 3));
          const x = kernels.image(geometry(by, "reflect"), 3, planes);
          kernels.check(
            "padReflected",
            images * (height + 2 * by),
            [x.origin, 3, ...shapeOf(x), by],
            [{ ...x, border: by }],
          );
          expectSame(kernels.planes(x, by), Float32Array.from(naive.pad(planes, size, 3, by, "reflect")));
        },
      );

      it.each([1, 2, 3, 4])("takes pictures with %i values a pixel in and puts them out", (depth) => {
        kernels.clear();
        const used = Math.min(depth, 3);
        const count = images * height * width * depth;
        const bytes = Uint8Array.from({ length: count }, (_, index) => (index * 97) % 256);
        const floats = normal(count);
        const scale = Math.fround(1 / 255);
        const planesOf = (values: ArrayLike<number>) =>
          Float32Array.from({ length: naive.valuesOf(size, used) }, (_, at) => {
            const plane = Math.floor(at / (height * width));
            const pixel = Math.floor(plane / used) * height * width + (at % (height * width));
            return scale * values[pixel * depth + (plane % used)]!;
          });
        for (const [type, values, address] of [
          ["Bytes", bytes, kernels.bytes(bytes)],
          ["Floats", floats, kernels.floats(floats)],
        ] as const) {
          const x = kernels.image(geometry(1), used + 1);
          const items = images * height;
          const shape = [used + 1, ...shapeOf(x), depth, used];
          kernels.check(`imageFrom${type}`, items, [x.origin, address, ...shape, scale], [x]);
          const planes = planesOf(values);
          const plane = height * width;
          for (let n = 0; n < images; n++) {
            const read = kernels.planes(x).subarray(n * (used + 1) * plane);
            expect(read.subarray(0, used * plane)).toEqual(
              planes.subarray(n * used * plane, (n + 1) * used * plane),
            );
            // A channel that is not in the picture is left to fillChannel.
            expect(read.subarray(used * plane, (used + 1) * plane).every((value) => value === 0)).toBe(true);
          }
          const target =
            type === "Bytes" ? kernels.bytes(bytes.map(() => 9)) : kernels.floats(floats.map(() => 9));
          const bytesLong = type === "Bytes" ? count : 4 * count;
          kernels.check(
            `imageTo${type}`,
            items,
            [target, x.origin, ...shape, 255],
            [{ address: target, words: Math.ceil(bytesLong / 4) }],
          );
          const out = type === "Bytes" ? kernels.readBytes(target, count) : kernels.readFloats(target, count);
          const wanted = Float64Array.from(values, (value, index) => (index % depth < used ? value : 9));
          expectClose(out, wanted, abs(wanted), type === "Bytes" ? 0 : 4);
        }
      });

      it("fills a channel with the noise level of each image", () => {
        kernels.clear();
        const x = kernels.image(geometry(2), 2, normal(naive.valuesOf(size, 2)));
        const wanted = kernels.planes(x);
        const levels = normal(images);
        const plane = height * width;
        levels.forEach((level, n) => {
          wanted.fill(Math.fround(0.5 * level), (2 * n + 1) * plane, (2 * n + 2) * plane);
        });
        kernels.check(
          "fillChannel",
          images * height,
          [x.origin, kernels.floats(levels), 1, 2, ...shapeOf(x), 0.5],
          [x],
        );
        expectSame(kernels.planes(x), wanted);
      });

      it("subtracts a prediction, and gives the gradient of that", () => {
        kernels.clear();
        const prediction = kernels.image(geometry(3), 2, normal(naive.valuesOf(size, 2)));
        const input = kernels.image(geometry(3), 3, normal(naive.valuesOf(size, 3)));
        const out = kernels.image(geometry(3), 2);
        const gradient = kernels.image(geometry(3), 2);
        const values = [3, 2, ...shapeOf(out)];
        const items = images * height;
        kernels.check("residual", items, [out.origin, input.origin, prediction.origin, ...values], [out]);
        kernels.check("residual", items, [gradient.origin, 0, prediction.origin, ...values], [gradient]);
        const [p, q] = [kernels.planes(prediction), kernels.planes(input)];
        const plane = height * width;
        const minuend = p.map((_, at) => q[at + Math.floor(at / (2 * plane)) * plane]!);
        expectSame(
          kernels.planes(out),
          minuend.map((value, at) => value - p[at]!),
        );
        expectSame(
          kernels.planes(gradient),
          p.map((value) => -value),
        );
      });

      it("unshuffles pixels and shuffles them back", () => {
        kernels.clear();
        const wide = { images, height: 2 * height, width: 2 * width };
        const x = kernels.image(
          geometryOf(images, 2 * height, 2 * width, 1, "zeros"),
          3,
          normal(naive.valuesOf(wide, 3)),
        );
        const y = kernels.image(geometry(2), 12);
        const back = kernels.image(x, 3);
        const values = [3, ...shapeOf(y), x.pitch, x.rows];
        kernels.check("pixelUnshuffle", images * height, [y.origin, x.origin, 12, ...values], [y]);
        const planes = kernels.planes(x);
        expectSame(kernels.planes(y), Float32Array.from(naive.unshuffle(planes, size, 12)));
        kernels.check("pixelShuffle", images * height, [back.origin, y.origin, ...values], [back]);
        expectSame(kernels.planes(back), planes);
      });
    });

    it("cuts bytes off at 0 and 255 and rounds half to even", () => {
      kernels.clear();
      const values = [-3, 0.5, 1.5, 2.5, 254.5, 255.4, 300, Number.NaN, Number.POSITIVE_INFINITY, 7.49];
      const x = kernels.image(geometryOf(1, 1, values.length, 1, "zeros"), 1, values);
      const target = kernels.place(values.length);
      kernels.run("imageToBytes", 1, 1, [target, x.origin, 1, 1, values.length, x.pitch, x.rows, 1, 1, 1]);
      expect([...kernels.readBytes(target, values.length)]).toEqual([0, 0, 2, 2, 254, 255, 255, 0, 255, 7]);
    });
  });
}

/** Forward, loss and backward through a residual network, against float64 PyTorch autograd. */
function checkReference(kernels: Kernels, name: string): void {
  const path = new URL(`../fixtures/conv-small-${name}.safetensors`, import.meta.url);
  const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(path)), name);
  const tensor = (key: string) => tensors.get(key)!.data as Float32Array;
  const widths: number[] = JSON.parse(metadata.channels!);
  const [images, , height, width] = tensors.get("x1")!.shape as [number, number, number, number];
  const size = { images, height, width };
  const count = widths.length - 1;

  const outputs: Float32Array<ArrayBufferLike>[] = [tensor("x1")];
  const tasks: Case[] = [];
  for (let l = 1; l <= count; l++) {
    const layer = { ...size, ins: widths[l - 1]!, outs: widths[l]!, dilation: 1, padding: "zeros" } as const;
    tasks.push({
      layer,
      x: outputs[l - 1]!,
      w: tensor(`init.conv${l}.weight`),
      bias: tensor(`init.conv${l}.bias`),
      dy: new Float32Array(naive.valuesOf(layer, layer.outs)),
    });
    const activation = l < count ? Activation.relu : Activation.linear;
    outputs.push(new Layer(kernels, tasks[l - 1]!).forward(activation));
  }
  // A few hundred roundings, each relative to values of the size of the largest.
  const close = (actual: ArrayLike<number>, key: string) => {
    const wanted = Float64Array.from(tensor(key));
    const largest = wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const error = wanted.reduce((a, b, j) => Math.max(a, Math.abs(actual[j]! - b)), 0);
    expect(actual.length).toBe(wanted.length);
    expect(largest).toBeGreaterThan(0);
    expect(error, key).toBeLessThanOrEqual(300 * unit * largest);
  };
  const input = outputs[0]!;
  const output = input.map((value, at) => value - outputs[count]![at]!);
  close(output, "step1.output");

  const target = tensor("y1");
  const loss = output.reduce((sum, value, at) => sum + (value - target[at]!) ** 2, 0) / output.length;
  const wantedLoss = tensors.get("losses")!.data[0] as number;
  expect(Math.abs(loss - wantedLoss)).toBeLessThanOrEqual(300 * unit * wantedLoss);
  let dy: Float32Array<ArrayBufferLike> = output.map(
    (value, at) => (-2 / output.length) * (value - target[at]!),
  );
  for (let l = count; l >= 1; l--) {
    const task = { ...tasks[l - 1]!, dy };
    const layer = new Layer(kernels, task);
    for (const transposed of [false, true]) {
      const { dw, dbias } = new Layer(kernels, task).weightGradient(transposed);
      close(dw, `step1.grad.conv${l}.weight`);
      close(dbias, `step1.grad.conv${l}.bias`);
    }
    if (l > 1) dy = layer.inputGradient();
  }
}

describe("the naive twins", () => {
  const layers: naive.Window[] = [
    { images: 2, height: 3, width: 5, ins: 2, outs: 3, dilation: 1, padding: "zeros" },
    { images: 1, height: 4, width: 6, ins: 3, outs: 2, dilation: 2, padding: "zeros" },
    { images: 2, height: 4, width: 5, ins: 2, outs: 1, dilation: 3, padding: "reflect" },
  ];
  it.each(layers.map((layer) => ({ name: describeLayer(layer), layer })))(
    "gradients of $name",
    ({ layer }) => {
      const { x, w, bias, dy } = caseOf(layer);
      const loss = (x: naive.Numbers, w: naive.Numbers, bias: naive.Numbers) =>
        naive.convolve(layer, x, w, bias).reduce((sum, y, at) => sum + Math.sin(y) * dy[at]!, 0);
      const difference = (values: Float32Array, at: number, f: (values: Float64Array) => number) => {
        const moved = (by: number) => {
          const copy = Float64Array.from(values);
          copy[at]! += by;
          return f(copy);
        };
        return (moved(1e-5) - moved(-1e-5)) / 2e-5;
      };
      const slope = naive.convolve(layer, x, w, bias).map((y, at) => Math.cos(y) * dy[at]!);
      const dx = naive.inputGradient(layer, slope, w);
      const { dw, dbias } = naive.weightGradient(layer, slope, x);
      const all = [
        ...Array.from(dx, (value, at) => [value, difference(x, at, (x) => loss(x, w, bias))] as const),
        ...Array.from(dw, (value, at) => [value, difference(w, at, (w) => loss(x, w, bias))] as const),
        ...Array.from(
          dbias,
          (value, at) => [value, difference(bias, at, (bias) => loss(x, w, bias))] as const,
        ),
      ];
      const largest = Math.max(...all.map(([value]) => Math.abs(value)));
      expect(largest).toBeGreaterThan(0.1);
      for (const [value, slope] of all) expect(Math.abs(value - slope)).toBeLessThan(1e-7 * largest);
    },
  );
});
