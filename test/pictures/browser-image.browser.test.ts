/** Pictures of a browser, of every kind that it has. */
import { describe, expect, it } from "vitest";
import { DataError, SpecError } from "../../src/errors.ts";
import { encodeJpeg } from "../../src/jpeg.ts";
import { type ImageSource, readImage, toImageData } from "../../src/pictures/browser-image.ts";
import { encodePng } from "../../src/png.ts";

/** Red above green in the left half, blue above white in the right half, each side a block of a JPEG file. */
const [width, height] = [32, 16];
const blocks = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => {
  const [x, y, c] = [(i >> 2) % width, Math.floor((i >> 2) / width), i & 3];
  const colors = [
    [255, 0, 0],
    [0, 0, 255],
    [0, 255, 0],
    [255, 255, 255],
  ];
  return c === 3 ? 255 : colors[2 * Number(y >= height / 2) + Number(x >= width / 2)]![c]!;
});
const picture = new ImageData(blocks, width, height);
const png = new Blob([await encodePng(picture)]);

async function imgOf(blob: Blob): Promise<HTMLImageElement> {
  const img = new Image();
  img.src = URL.createObjectURL(blob);
  await img.decode();
  return img;
}

function canvasOf(canvas: HTMLCanvasElement | OffscreenCanvas): typeof canvas {
  Object.assign(canvas, { width, height });
  (canvas.getContext("2d") as CanvasRenderingContext2D).putImageData(picture, 0, 0);
  return canvas;
}

const element = document.createElement("canvas");
const sources: [string, ImageSource][] = [
  ["a Blob", png],
  ["a File", new File([png], "a.png")],
  ["an img element", await imgOf(png)],
  ["a canvas", canvasOf(element)],
  ["an OffscreenCanvas", canvasOf(new OffscreenCanvas(1, 1))],
  ["an ImageBitmap", await createImageBitmap(picture)],
  ["a VideoFrame", new VideoFrame(element, { timestamp: 0 })],
];

describe("readImage", () => {
  it.each(sources)("reads %s, and leaves it as it is", async (_, source) => {
    for (let time = 0; time < 2; time++) {
      const image = await readImage(source);
      expect([image.width, image.height]).toEqual([width, height]);
      expect(image.data).toEqual(blocks);
    }
    await expect(readImage(source, { maxPixels: 511 })).rejects.toThrow(/32 × 16 pixels.*maxPixels/);
  });

  it("keeps the colours under alpha, also where it is 1", async () => {
    const data = Uint8ClampedArray.from({ length: 4 * 256 * 16 }, (_, i) =>
      i % 4 === 3 ? (i >> 2) & 255 : (i * 2_654_435_761) >>> 24,
    );
    const file = new Blob([await encodePng({ data, width: 256, height: 16 })]);
    for (const source of [file, await imgOf(file)]) {
      const image = await readImage(source);
      let most = 0;
      for (let i = 0; i < data.length; i++) {
        if (data[i | 3] !== 0) most = Math.max(most, Math.abs(image.data[i]! - data[i]!));
      }
      expect(most).toBeLessThanOrEqual(1);
    }
  });

  it.each([1, 3, 6, 8])("turns a JPEG file upright once, by its orientation %d", async (orientation) => {
    const file = encodeJpeg(picture, { quality: 100 });
    // After the file's first two bytes: a segment of Exif data that holds the orientation alone.
    const exif = [0xff, 0xe1, 0, 34, 69, 120, 105, 102, 0, 0, 77, 77, 0, 42, 0, 0, 0, 8, 0, 1];
    exif.push(1, 18, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0);
    const turned = new Blob([file.subarray(0, 2), Uint8Array.from(exif), file.subarray(2)], {
      type: "image/jpeg",
    });
    const [red, blue, green, white] = ["255,0,0", "0,0,255", "0,255,0", "255,255,255"];
    const corners = {
      1: [red, blue, green, white],
      3: [white, green, blue, red],
      6: [green, red, white, blue],
      8: [blue, white, red, green],
    }[orientation]!;
    for (const source of [turned, await imgOf(turned), await createImageBitmap(turned)]) {
      const { data, width: across, height: down } = await readImage(source);
      expect([across, down]).toEqual(orientation > 4 ? [height, width] : [width, height]);
      const shown = [0, across - 1, across * (down - 1), across * down - 1].map((pixel) =>
        [...data.subarray(4 * pixel, 4 * pixel + 3)].map((value) => 255 * Math.round(value / 255)).join(),
      );
      expect(shown).toEqual(corners);
    }
  });

  it("says what is wrong with what it cannot read", async () => {
    const loading = new Image();
    loading.src = `${location.href}?never`;
    const broken = new Image();
    broken.src = "data:image/png,none";
    await broken.decode().catch(() => {});
    const bitmap = await createImageBitmap(picture);
    const frame = new VideoFrame(element, { timestamp: 0 });
    const empty = new OffscreenCanvas(0, 5);
    for (const { close } of [bitmap, frame]) expect(close).toBeTypeOf("function");
    bitmap.close();
    frame.close();
    const cases: [unknown, RegExp][] = [
      [loading, /img element is not loaded yet.*decode\(\)/],
      [broken, /img element has no picture/],
      [new Image(), /img element has no picture/],
      [bitmap, /ImageBitmap has no pixels.*closed/],
      [frame, /VideoFrame has no pixels.*closed/],
      [empty, /OffscreenCanvas has no pixels/],
      [new File(["?"], "notes.txt"), /notes.txt is not a picture/],
      [new Blob([]), /The file is not a picture/],
      [Promise.resolve(png), /a promise: await it/],
      ["photo.png", /but is "photo.png"/],
      [null, /but is null/],
      [document.createElement("video"), /but is \[object HTMLVideoElement\]/],
    ];
    for (const [source, message] of cases) {
      const error = await readImage(source as Blob).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(DataError);
      expect((error as Error).message).toMatch(message);
    }
    loading.src = "";
    await expect(readImage(png, { maxPixels: "many" } as never)).rejects.toBeInstanceOf(SpecError);
    await expect(readImage(png, { MaxPixels: 5 } as never)).rejects.toThrow(/no option "MaxPixels"/);
  });
});

describe("toImageData", () => {
  it.each([
    ["grey", Uint8Array.of(7, 9), [7, 7, 7, 255, 9, 9, 9, 255]],
    ["grey with alpha", Uint8Array.of(7, 1, 9, 2), [7, 7, 7, 1, 9, 9, 9, 2]],
    ["RGB", Float32Array.of(1, 2, 3, -4, 300, 5.6), [1, 2, 3, 255, 0, 255, 6, 255]],
    ["RGBA", Uint8ClampedArray.of(1, 2, 3, 4, 5, 6, 7, 8), [1, 2, 3, 4, 5, 6, 7, 8]],
  ] as const)("takes a picture of %s", (_, data, expected) => {
    expect([...toImageData({ data, width: 2, height: 1 }).data]).toEqual(expected);
  });
});
