/** addImages (assembly/conv/pixels.ts): sums of images, and gradients of sums behind ReLUs. */
import { beforeAll, describe, expect, it } from "vitest";
import { roundUp } from "../../src/network/arena.ts";
import { geometryOf, shapeOf } from "../../src/network/image-buffers.ts";
import { operation } from "../../src/network/program.ts";
import { describeKernels } from "../support/builds.ts";
import { pictureSizes } from "../support/cases.ts";
import { forEachCase } from "../support/comparison.ts";
import { type Image, placeImage, planesOf, rowsOf } from "../support/images.ts";
import { Kernels, type Region } from "../support/kernels.ts";
import { valuesOf } from "../support/naive-conv.ts";
import { normal } from "../support/networks.ts";

const sizes = [...pictureSizes, ...[2, 4, 5, 6, 7, 8].map((width) => ({ images: 2, height: 2, width }))];

/** The rows of an image with the columns up to the next multiple of 4, which the kernel may write. */
function wholeRows(image: Image): Region[] {
  return rowsOf(image).map(({ address, bytes }) => ({ address, bytes: roundUp(bytes, 16) }));
}

/** The columns behind a row's last, up to the next multiple of 4. */
function tailsOf(kernels: Kernels, image: Image): Float32Array[] {
  const { width } = image.geometry;
  return rowsOf(image).map(({ address }) => kernels.float32(address + 4 * width, -width & 3));
}

describeKernels("sums of images", (build) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await Kernels.create(build);
  });

  describe.each(sizes)("$images images of $height×$width", (size) => {
    it.each([
      ["a + b", true, false],
      ["a + b behind a ReLU", true, true],
      ["a behind a ReLU", false, true],
      ["a", false, false],
    ])("%s, into another image and in place", (_, added, gated) => {
      const [a, b, gate] = [0, 1, 2].map((stream) => normal(valuesOf(size, 3), 800 + stream));
      // What a ReLU puts out where it is closed.
      gate![0] = 0;
      const wanted = a!.map((value, at) =>
        gated && !(gate![at]! > 0) ? 0 : added ? Math.fround(value + b![at]!) : value,
      );
      forEachCase(added ? ["out", "a", "b"] : ["out", "a"], (target) => {
        kernels.clear();
        const geometry = geometryOf(size, 1, "reflect");
        const place = (planes?: Float32Array) => placeImage(kernels, geometry, size.images, 3, planes);
        const images = new Map([
          ["a", place(a)],
          ["b", place(b)],
          ["gate", place(gate)],
          ["out", place()],
        ]);
        // A mirrored border begins where a row ends.
        for (const image of images.values()) for (const tail of tailsOf(kernels, image)) tail.fill(9);
        const [out, other, open] = [target, "b", "gate"].map((name) => images.get(name)!);
        const places = {
          out: out!.origin,
          a: images.get("a")!.origin,
          b: added ? other!.origin : 0,
          gate: gated ? open!.origin : 0,
        };
        const values = { ...places, channels: 3, ...shapeOf(out!) };
        kernels.run(operation("addImages", values), wholeRows(out!), { images: size.images });
        expect(planesOf(kernels, out!)).toEqual(wanted);
        expect(tailsOf(kernels, out!).every((tail) => tail.every((value) => value === 0))).toBe(true);
      });
    });
  });

  it("keeps NaN where a ReLU is open, and not where it is closed", () => {
    kernels.clear();
    const size = { images: 1, height: 1, width: 4 };
    const place = (values: number[]) => placeImage(kernels, geometryOf(size, 1, "zeros"), 1, 1, values);
    const a = place([Number.NaN, Number.NaN, 1, 2]);
    const gate = place([1, 0, Number.NaN, 3]).origin;
    const values = { out: a.origin, a: a.origin, b: 0, gate, channels: 1, ...shapeOf(a) };
    kernels.run(operation("addImages", values), rowsOf(a));
    expect(planesOf(kernels, a)).toEqual(Float32Array.of(Number.NaN, 0, 0, 2));
  });
});
