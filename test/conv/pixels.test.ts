/** What is done to images pixel by pixel: on several images at once, and in eachImage on one after the other. */
import { beforeAll, describe, expect, it } from "vitest";
import { ImageLoss, NO_STREAM } from "../../assembly/constants.ts";
import { type Geometry, geometryOf, shapeOf } from "../../src/network/image-buffers.ts";
import { eachImage, operation } from "../../src/network/program.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { describeKernels } from "../support/builds.ts";
import { pictureSizes } from "../support/cases.ts";
import { Comparison, forEachCase, roundoff } from "../support/comparison.ts";
import { type Image, placeImage, planesOf, rowsOf, slots } from "../support/images.ts";
import { Kernels, type Region, THREADS } from "../support/kernels.ts";
import * as naive from "../support/naive-conv.ts";
import { normal } from "../support/networks.ts";

const kinds = ["squared", "absolute"] as const;
/** What is left where nothing is written. */
const OLD = 9;

describeKernels("images in rows", (build) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await Kernels.create(build);
  });

  describe.each(pictureSizes)("$images images of $height×$width", (size) => {
    const { images, height, width } = size;
    const plane = height * width;
    const random = (channels: number, stream = 0) => normal(naive.valuesOf(size, channels), 200 + stream);
    const place = (geometry: Geometry, channels: number, planes?: Float32Array): Image =>
      placeImage(kernels, geometry, images, channels, planes);
    const zeros = (border: number, of = size) => geometryOf(of, border, "zeros");

    const pads = [1, 2, 3, 4, 7].filter((by) => by < Math.min(height, width));
    if (pads.length > 0)
      it(`mirrors borders of ${pads}`, () => {
        forEachCase(pads, (pad) => {
          kernels.clear();
          const planes = random(3);
          const x = place(geometryOf(size, pad, "reflect"), 3, planes);
          const values = { x: x.origin, channels: 3, ...shapeOf(x), pad };
          kernels.run(operation("padReflected", values), rowsOf(x, pad), { images });
          const padded = Float32Array.from(naive.pad(planes, size, 3, pad, "reflect"));
          expect(planesOf(kernels, x, pad)).toEqual(padded);
        });
      });

    it.each([1, 2, 3, 4])("takes pictures with %i values a pixel in and puts them out", (depth) => {
      const used = Math.min(depth, 3);
      const count = plane * images * depth;
      const scale = Math.fround(1 / 255);
      for (const type of ["Bytes", "Floats"] as const) {
        kernels.clear();
        const values =
          type === "Bytes"
            ? Uint8Array.from({ length: count }, (_, index) => (index * 97) % 256)
            : normal(count, 300);
        const source = type === "Bytes" ? kernels.bytes(values) : kernels.floats(values);
        const x = place(zeros(1), used + 1);
        const shape = { channels: used + 1, ...shapeOf(x), depth, used };
        // A channel that is not in the picture is left to fillChannel.
        const rows = rowsOf(x).filter((_, row) => Math.floor(row / height) % (used + 1) < used);
        kernels.run(operation(`imageFrom${type}`, { x: x.origin, source, ...shape, scale }), rows, {
          images,
        });
        const wanted = Float32Array.from({ length: naive.valuesOf(size, used) }, (_, at) => {
          const pixel = Math.floor(at / (used * plane)) * plane + (at % plane);
          return scale * values[pixel * depth + (Math.floor(at / plane) % used)]!;
        });
        const planes = planesOf(kernels, x).filter((_, at) => Math.floor(at / plane) % (used + 1) < used);
        expect(planes).toEqual(wanted);

        const target = kernels.floats(new Float32Array(count).fill(OLD));
        kernels.run(
          operation("imageToFloats", { target, x: x.origin, ...shape, scale: 255 }),
          [{ address: target, bytes: 4 * count }],
          { images },
        );
        const out = Float64Array.from(values, (value, index) => (index % depth < used ? value : OLD));
        const comparison = new Comparison();
        // Both products are rounded, and 1/255 is.
        const tolerance = out.map((value) => 4 * roundoff * Math.abs(value));
        comparison.add(type, kernels.float32(target, count), out, tolerance);
        comparison.finish(1e-6);
      }
    });

    it("fills a channel with the noise level of each image", () => {
      kernels.clear();
      const x = place(zeros(2), 2, random(2));
      const wanted = planesOf(kernels, x);
      const levels = normal(images, 400);
      levels.forEach((level, n) => {
        wanted.fill(Math.fround(0.5 * level), (2 * n + 1) * plane, (2 * n + 2) * plane);
      });
      const values = { x: x.origin, values: kernels.floats(levels), channel: 1, channels: 2, scale: 0.5 };
      kernels.run(operation("fillChannel", { ...values, ...shapeOf(x) }), rowsOf(x), { images });
      expect(planesOf(kernels, x)).toEqual(wanted);
    });

    it("subtracts a prediction, and gives the gradient of that", () => {
      kernels.clear();
      const prediction = place(zeros(3), 2, random(2));
      const input = place(zeros(3), 3, random(3, 1));
      const [p, q] = [planesOf(kernels, prediction), planesOf(kernels, input)];
      const subtract = (minuend: number) => {
        const out = place(zeros(3), 2);
        const places = { out: out.origin, input: minuend, prediction: prediction.origin };
        const values = { ...places, inputChannels: 3, channels: 2, ...shapeOf(out) };
        kernels.run(operation("residual", values), rowsOf(out), { images });
        return planesOf(kernels, out);
      };
      expect(subtract(input.origin)).toEqual(
        p.map((value, at) => q[at + Math.floor(at / (2 * plane)) * plane]! - value),
      );
      expect(subtract(0)).toEqual(p.map((value) => -value));
    });

    it("unshuffles pixels and shuffles them back", () => {
      kernels.clear();
      const wide = { images, height: 2 * height, width: 2 * width };
      const planes = normal(naive.valuesOf(wide, 3), 500);
      const x = place(zeros(1, wide), 3, planes);
      // y has a channel more than pixels are moved into, as the input of a network that is told the noise level.
      const y = place(zeros(2), 13, new Float32Array(naive.valuesOf(size, 13)));
      const back = place(x.geometry, 3);
      const { pitch: xPitch, rows: xRows } = x.geometry;
      const values = { y: y.origin, yChannels: 13, channels: 3, ...shapeOf(y), xPitch, xRows };
      const unshuffle = operation("pixelUnshuffle", { ...values, x: x.origin });
      kernels.run(unshuffle, rowsOf(y), { images });
      const moved = naive.unshuffle(planes, size, 12);
      const expected = new Float32Array(naive.valuesOf(size, 13));
      for (let n = 0; n < images; n++)
        expected.set(moved.subarray(12 * n * plane, 12 * (n + 1) * plane), 13 * n * plane);
      expect(planesOf(kernels, y)).toEqual(expected);
      kernels.run(operation("pixelShuffle", { ...values, x: back.origin }), rowsOf(back), { images });
      expect(planesOf(kernels, back)).toEqual(planes);
    });

    it.each(kinds)("gives the %s error of each row, weighted by image, and its gradient", (kind) => {
      kernels.clear();
      const [out, target] = [random(3), random(3, 1)];
      const dout = place(zeros(1), 3);
      const weights = normal(images, 600).map(Math.abs);
      const partials = kernels.place(8 * images * height);
      const scale = Math.fround(0.7);
      const places = {
        dout: dout.origin,
        out: place(zeros(1), 3, out).origin,
        target: place(zeros(1), 3, target).origin,
        weights: kernels.floats(weights),
        partials,
      };
      const values = { ...places, channels: 3, ...shapeOf(dout), kind: ImageLoss[kind], scale };
      const written = [...rowsOf(dout), { address: partials, bytes: 8 * images * height }];
      kernels.run(operation("imageLoss", values), written, { images });
      const sums = new Float64Array(images * height);
      const gradient = out.map((value, at) => {
        const image = Math.floor(at / (3 * plane));
        const difference = Math.fround(value - target[at]!);
        const term = kind === "squared" ? difference ** 2 : Math.abs(difference);
        sums[image * height + (Math.floor(at / width) % height)]! += weights[image]! * term;
        return (
          Math.fround(scale * weights[image]!) * (kind === "squared" ? difference : Math.sign(difference))
        );
      });
      expect(planesOf(kernels, dout)).toEqual(gradient);
      const comparison = new Comparison();
      // Sums in float64, of one sign.
      const tolerance = sums.map((sum) => (3 * width + 4) * 2 ** -53 * Math.abs(sum));
      comparison.add("partial sums", kernels.float64(partials, sums.length), sums, tolerance);
      comparison.finish(1e-12);
    });

    it("draws the noise of each picture from its own stream", () => {
      kernels.clear();
      const { input, values, expected } = noise(images, plane);
      kernels.run(operation("gaussianNoise", { ...values, pictures: images }), [input]);
      expect(kernels.float32(input.address, expected.length)).toEqual(expected);
    });
  });

  it("leaves pictures alone that have no stream", () => {
    kernels.clear();
    const { input, values, expected } = noise(4, 10);
    const floats = kernels.float32(input.address, expected.length);
    const before = Float32Array.from(expected, (_, i) => i / 3);
    floats.set(before);
    for (const picture of [1, 3]) {
      new Uint32Array(floats.buffer, values.streams, 12)[3 * picture + 1] = NO_STREAM;
      expected.set(before.subarray(10 * picture, 10 * picture + 10), 10 * picture);
    }
    kernels.run(operation("gaussianNoise", { ...values, pictures: 4 }), [input]);
    expect(kernels.float32(input.address, expected.length)).toEqual(expected);
  });

  /** Noise on pictures of bytes, and what random numbers as src/noise draws them make of it. */
  function noise(pictures: number, pixels: number) {
    const target = Uint8Array.from({ length: pictures * pixels }, (_, i) => (i * 31) % 256);
    const levels = Float32Array.from({ length: pictures }, (_, n) => 5 + n / 3);
    const expected = new Float32Array(target.length);
    levels.forEach((level, n) => {
      const picture = expected.subarray(n * pixels, (n + 1) * pixels);
      new Random(7, Purpose.trainingNoise, 100 + n).fillNormal(picture, level);
      for (let i = 0; i < pixels; i++) picture[i]! += target[n * pixels + i]!;
    });
    const streams = [...levels.keys()].flatMap((n) => [7, Purpose.trainingNoise, 100 + n]);
    const input: Region = { address: kernels.place(4 * target.length), bytes: 4 * target.length };
    const values = {
      input: input.address,
      target: kernels.bytes(target),
      levels: kernels.floats(levels),
      streams: kernels.words(streams),
      pixels,
    };
    return { input, values, expected };
  }

  // As many images as threads, fewer, and more; as many chunks as images, one, and some between.
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [7, 1],
    [7, 3],
    [8, 8],
  ])("eachImage does with %i images in %i chunks what is done with all at once", (images, chunks) => {
    kernels.clear();
    const size = { images, height: 5, width: 6 };
    const geometry = geometryOf(size, 2, "zeros");
    const pixels = 3 * size.height * size.width;
    const { input, values } = noise(images, pixels);
    const weights = kernels.floats(normal(images, 700).map(Math.abs));
    /** The operations of a step on so many images, and what they leave for each picture. */
    const step = (count: number) => {
      const [x, t, d] = [4, 3, 3].map((channels) => placeImage(kernels, geometry, count, channels));
      const out = placeImage(kernels, geometry, count, 3);
      const target = { address: kernels.place(4 * images * pixels), bytes: 4 * images * pixels };
      const partials = { address: kernels.place(8 * images * 5), bytes: 8 * images * 5 };
      const shape = { ...shapeOf(x!), depth: 3, used: 3 };
      const scale = Math.fround(1 / 255);
      const steps = [
        operation("gaussianNoise", { ...values, pictures: 1 }),
        operation("imageFromFloats", { x: x!.origin, source: values.input, channels: 4, ...shape, scale }),
        operation("imageFromBytes", { x: t!.origin, source: values.target, channels: 3, ...shape, scale }),
        operation("fillChannel", {
          ...{ x: x!.origin, values: values.levels, channel: 3, channels: 4, ...shapeOf(x!), scale },
        }),
        operation("residual", {
          ...{ out: out.origin, input: x!.origin, prediction: t!.origin },
          ...{ inputChannels: 4, channels: 3, ...shapeOf(out) },
        }),
        operation("imageLoss", {
          ...{ dout: d!.origin, out: out.origin, target: t!.origin, weights, partials: partials.address },
          ...{ channels: 3, ...shapeOf(d!), kind: ImageLoss.squared, scale },
        }),
        operation("imageToFloats", { target: target.address, x: d!.origin, channels: 3, ...shape, scale: 1 }),
      ];
      return { steps, images: [x!, t!, d!, out], results: [input, target, partials] };
    };
    const all = step(images);
    for (const one of all.steps) {
      kernels.run(one, [...all.results, ...all.images.flatMap((image) => rowsOf(image))], { images });
    }
    const expected = kernels.copy(all.results);
    kernels.float32(input.address, images * pixels).fill(0);
    const each = step(THREADS);
    const left = each.images.flatMap((image) => slots(image));
    kernels.run(eachImage(images, chunks, each.steps), [...each.results, ...left]);
    expect(kernels.copy(each.results)).toEqual(expected);
    expect(new Set(kernels.float64(each.results[2]!.address, 5 * images)).size).toBe(5 * images);
  });

  it("eachImage does one image alone, where it is told to", () => {
    kernels.clear();
    const { input, values, expected } = noise(4, 10);
    const body = [operation("gaussianNoise", { ...values, pictures: 1 })];
    const program = eachImage(4, 2, body);
    kernels.run({ ...program, values: { ...program.values, only: 3 } }, [
      { address: input.address + 80, bytes: 40 },
    ]);
    expect(kernels.float32(input.address + 80, 10)).toEqual(expected.slice(20, 30));
  });
});
