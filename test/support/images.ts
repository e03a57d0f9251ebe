/** Images in rows (assembly/conv/pixels.ts) in the memory of a test, and the planes that the naive twins have. */
import { type Geometry, type ImageBuffer, placeImages, shapeOf } from "../../src/network/image-buffers.ts";
import { type Operation, operation } from "../../src/network/program.ts";
import { CANARY, type Kernels, type Region } from "./kernels.ts";
import type { Numbers } from "./naive-conv.ts";

export interface Image extends ImageBuffer {
  readonly images: number;
}

/** Places images from planes; without these, images that are still to be written. Borders are zero. */
export function placeImage(
  kernels: Kernels,
  geometry: Geometry,
  images: number,
  channels: number,
  planes?: Numbers,
): Image {
  const words = new Int32Array(kernels.memory.buffer);
  const placed = kernels.placeBy((arena) => {
    const start = arena.end;
    const buffer = placeImages(arena, images, geometry, channels);
    words.fill(0, start >> 2, arena.end >> 2);
    return buffer;
  });
  const image = { ...placed, images };
  const floats = new Float32Array(kernels.memory.buffer);
  let from = 0;
  for (const { address, bytes } of rowsOf(image)) {
    const at = address >> 2;
    const width = bytes >> 2;
    if (!planes) words.fill(CANARY, at, at + width);
    else for (let s = 0; s < width; s++) floats[at + s] = planes[from++]!;
  }
  return image;
}

/** Where each row of each channel lies, in the order of planes; with `border`, rows of so much of the border too. */
export function rowsOf({ origin, channels, images, geometry }: Image, border = 0): Region[] {
  const { height, width, pitch, rows } = geometry;
  const regions: Region[] = [];
  for (let n = 0; n < images; n++) {
    for (let c = 0; c < channels; c++) {
      for (let r = -border; r < height + border; r++) {
        const row = origin + ((n * rows + r) * channels + c) * pitch;
        regions.push({ address: row - 4 * border, bytes: 4 * (width + 2 * border) });
      }
    }
  }
  return regions;
}

/** An image as planes; with `border`, as planes of height + 2·border × width + 2·border. */
export function planesOf(kernels: Kernels, image: Image, border = 0): Float32Array {
  const rows = rowsOf(image, border);
  const width = image.geometry.width + 2 * border;
  const planes = new Float32Array(rows.length * width);
  for (const [index, { address }] of rows.entries()) {
    planes.set(kernels.float32(address, width), index * width);
  }
  return planes;
}

/** Planes with the channels of a pixel put next to each other, as pictures are. */
export function interleaved<Planes extends Float32Array | Float64Array>(
  { height, width }: { height: number; width: number },
  channels: number,
  planes: Planes,
): Planes {
  const plane = height * width;
  return planes.map((_, i) => {
    const pixel = Math.floor(i / channels);
    return planes[(Math.floor(pixel / plane) * channels + (i % channels)) * plane + (pixel % plane)]!;
  }) as Planes;
}

/** Regions as scratch: what threads leave in their slots. */
export function slots(image: Image, border = 0): Region[] {
  return rowsOf(image, border).map((region) => ({ ...region, scratch: true }));
}

/** The operation that fills images with planes, which it takes from memory as a network takes pictures. */
export function takeImage(kernels: Kernels, image: ImageBuffer, planes: Float32Array): Operation {
  const { channels, geometry, origin: x } = image;
  const source = kernels.floats(interleaved(geometry, channels, planes));
  const shape = { channels, ...shapeOf(image), depth: channels, used: channels };
  return operation("imageFromFloats", { x, source, ...shape, scale: 1 });
}

/** Values of planes, as ONNX and PyTorch have them, from values with their channels side by side, or, if `back`, the reverse. */
export function moved<Values extends Float32Array | Uint8Array>(
  values: Values,
  channels: number,
  back = false,
): Values {
  const area = values.length / channels;
  const result = values.slice() as Values;
  for (let pixel = 0; pixel < area; pixel++) {
    for (let c = 0; c < channels; c++) {
      const [plane, side] = [c * area + pixel, pixel * channels + c];
      result[back ? side : plane] = values[back ? plane : side]!;
    }
  }
  return result;
}
