/** JPEG files that sharp writes hold the same as those that this package writes itself. */
import { describe, expect, it } from "vitest";
import { decodeJpeg } from "../../src/pictures/jpeg.ts";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import type { PictureMetadata } from "../../src/pictures/metadata.ts";
import type { Picture } from "../../src/pictures/picture.ts";
import { encodeAny } from "../../src/pictures/picture-files.node.ts";
import { encodeJpegBySharp } from "../../src/pictures/sharp.node.ts";
import { greyProfile } from "../support/grey-profile.ts";

const hasSharp = await import("sharp").then(
  () => true,
  () => false,
);

/** Waves with steps, of so many channels; the last is opaque if it is alpha. */
function picture<Values extends Uint8Array | Uint16Array | Float32Array>(
  data: Values,
  [width, height, channels]: readonly [number, number, number],
): Picture<Values> {
  const white = data instanceof Uint16Array ? 65_535 : 255;
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    const wave = 0.5 + 0.3 * Math.sin(x / 3 + (i % channels)) + 0.2 * Math.sign(Math.cos(y / 5 + x / 9));
    data[i] = channels % 2 === 0 && i % channels === channels - 1 ? white : white * wave;
  }
  return { data, width, height, channels };
}

const bytes = (size: readonly [number, number, number]) =>
  picture(new Uint8Array(size[0] * size[1] * size[2]), size);
const pictures: [string, Picture][] = [
  ["grey", bytes([37, 29, 1])],
  ["grey and alpha", bytes([16, 8, 2])],
  ["RGB", bytes([61, 43, 3])],
  ["RGBA", bytes([33, 17, 4])],
  ["one pixel", bytes([1, 1, 3])],
  ["16 bits", picture(new Uint16Array(3 * 24 * 20), [24, 20, 3])],
  ["floats", picture(new Float32Array(24 * 20), [24, 20, 1])],
];
const metadata: PictureMetadata = {
  density: { x: 300, y: 300, unit: "inch" },
  text: [{ keyword: "Comment", text: "waves" }],
  xmp: new TextEncoder().encode("<x:xmpmeta/>"),
};

describe.skipIf(!hasSharp)("a JPEG file by sharp", () => {
  it.each(pictures)("of %s has the pixels of the package's own", async (_, given) => {
    for (const quality of [30, 92, 100]) {
      const file = await encodeJpegBySharp(given, { quality, metadata });
      const own = await decodeJpeg(encodeJpeg(given, { quality, metadata }), "own");
      expect(await decodeJpeg(file!, "sharp")).toEqual(own);
      expect(Buffer.from(await encodeAny(given, "a.jpg", { quality, metadata })).equals(file!)).toBe(true);
    }
  });

  it("has the profile and nothing of sharp's", async () => {
    const grey = { icc: greyProfile(2.2) };
    const file = (await encodeJpegBySharp(pictures[0]![1], { quality: 92, metadata: grey }))!;
    expect((await decodeJpeg(file, "sharp")).metadata).toEqual(
      (await decodeJpeg(encodeJpeg(pictures[0]![1], { metadata: grey }), "own")).metadata,
    );
    const plain = (await encodeJpegBySharp(pictures[2]![1], { quality: 92, metadata: {} }))!;
    const segments = [
      ...Buffer.from(plain)
        .toString("latin1")
        .matchAll(/\xff[\xe0-\xef\xfe]/g),
    ];
    expect(segments.map(([marker]) => marker)).toEqual(["\xff\xe0"]);
  });

  it("is refused where the package refuses it", async () => {
    const clear = { data: new Uint8Array(4), width: 1, height: 1, channels: 4 };
    await expect(encodeJpegBySharp(clear, { quality: 92, metadata: {} })).rejects.toThrow(
      /transparent pixels/,
    );
  });
});
