/** Several frames of one scene: their shifts, their mean, and learning from them. */
import { describe, expect, it } from "vitest";
import { opaqueBytes } from "../../src/data/photos.ts";
import { meanOfFrames } from "../../src/learning/align-frames.ts";
import { transformSquare } from "../../src/learning/fourier.ts";
import { learnFromFrames } from "../../src/learning/learn-from-frames.ts";
import { readPicture } from "../../src/pictures/picture-files.node.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { normal } from "../support/networks.ts";

const photo = opaqueBytes(await readPicture("data/photographs/parrots.png"));
const [width, height] = [150, 140];
const places = [
  { right: 0, down: 0 },
  { right: 8, down: -3 },
  { right: -5, down: 7 },
  { right: 1, down: 1 },
];
/** The part of the photograph that a frame shows, in grey. */
const cleanAt = ({ right, down }: { right: number; down: number }) =>
  Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [60 + (i % width) - right, 40 + Math.floor(i / width) - down];
    return photo.data[(y * photo.width + x) * photo.channels + 1]!;
  });
const frames = places.map((place, index) => {
  const noise = normal(width * height, 1 + index, 25);
  return { data: cleanAt(place).map((value, i) => value + noise[i]!), width, height, channels: 1 };
});
const range = [0, 255] as const;
const clean = Uint8Array.from(cleanAt(places[0]!));
const quality = (values: Float32Array) => psnr(Uint8Array.from(Uint8ClampedArray.from(values)), clean);

describe("transformSquare", () => {
  it("is the discrete Fourier transform by its definition", () => {
    const side = 8;
    const [re, im] = [1, 2].map((stream) => Float64Array.from(normal(side * side, stream)));
    const square = { re: Float64Array.from(re!), im: Float64Array.from(im!) };
    transformSquare(square, side);
    for (let v = 0; v < side; v++) {
      for (let u = 0; u < side; u++) {
        let [real, imaginary] = [0, 0];
        for (let i = 0; i < side * side; i++) {
          const angle = (-2 * Math.PI * (u * (i % side) + v * Math.floor(i / side))) / side;
          real += re![i]! * Math.cos(angle) - im![i]! * Math.sin(angle);
          imaginary += re![i]! * Math.sin(angle) + im![i]! * Math.cos(angle);
        }
        expect(square.re[v * side + u]).toBeCloseTo(real, 10);
        expect(square.im[v * side + u]).toBeCloseTo(imaginary, 10);
      }
    }
  });
});

describe("meanOfFrames", () => {
  it("finds shifts by whole pixels, and brings the frames together", () => {
    const { data, shifts } = meanOfFrames(frames, { range });
    expect(shifts).toEqual(places);
    // Four frames: 6 dB less noise, but for the borders, where fewer reach.
    expect(quality(data) - quality(frames[0]!.data)).toBeGreaterThan(5);
  });

  it("leaves frames in their own range, and looks no further than it is told", () => {
    const words = frames.map(({ data, ...frame }) => ({
      ...frame,
      data: Uint16Array.from(data, (value) => 1000 + 10 * Math.max(0, value)),
    }));
    const { data, shifts } = meanOfFrames(words, { range: [1000, 3550] });
    expect(shifts).toEqual(places);
    expect(quality(data.map((value) => (value - 1000) / 10)) - quality(frames[0]!.data)).toBeGreaterThan(5);
    expect(meanOfFrames(frames, { range, reach: 8 }).shifts).toEqual(places);
    expect(() => meanOfFrames(frames, { range, reach: 4 })).toThrow(/^Frame 1 .* up to 4 pixels/);
  });

  it("leaves alpha out, as of every ImageData", () => {
    const words = frames.map(({ data, ...frame }) => ({
      ...frame,
      channels: 4,
      data: Uint16Array.from({ length: 4 * data.length }, (_, i) =>
        i % 4 === 3 ? 65_535 : 257 * Math.min(255, Math.max(0, data[i >> 2]!)),
      ),
    }));
    const bytes = words.map(({ data, width, height }) => ({
      data: Uint8ClampedArray.from(data, (value) => value / 257),
      width,
      height,
    }));
    for (const given of [words, bytes]) {
      const mean = meanOfFrames(given);
      expect(mean).toMatchObject({ shifts: places, channels: 3, data: { length: 3 * width * height } });
    }
  });

  /** Two frames of 150×140 pixels out of larger pictures with noise of σ = 50. */
  const noisy = (other: { right: number; down: number }) =>
    [places[0]!, other].map((place, index) => {
      const noise = normal(width * height, 20 + index, 50);
      return { data: cleanAt(place).map((value, i) => value + noise[i]!), width, height, channels: 1 };
    });

  it("finds the shift of frames with noise of σ = 50", () => {
    const shift = { right: -9, down: 6 };
    expect(meanOfFrames(noisy(shift), { range }).shifts[1]).toEqual(shift);
  });

  it("refuses a frame of something else, here upside down, and one that is shifted further than it looks", () => {
    const message = /^Frame 1 does not seem to show what frame 0 shows, shifted by up to 32 pixels/;
    const far = noisy({ right: -60, down: 0 });
    expect(() => meanOfFrames(far, { range })).toThrow(message);
    const other = { ...far[0]!, data: far[0]!.data.slice().reverse() };
    expect(() => meanOfFrames([far[0]!, other], { range })).toThrow(message);
    expect(meanOfFrames(far, { range, reach: 0 }).shifts[1]).toEqual({ right: 0, down: 0 });
  });

  it("refuses frames that do not go together", () => {
    expect(() => meanOfFrames([frames[0]!], { range })).toThrow(/two pictures/);
    const small = { data: new Float32Array(100).fill(9), width: 10, height: 10, channels: 1 };
    expect(() => meanOfFrames([frames[0]!, small], { range })).toThrow(/Frame 1/);
    expect(() => meanOfFrames(frames, { range, reach: 300 })).toThrow(/reach/);
    expect(() => meanOfFrames(frames, { range, far: 3 } as object)).toThrow(/far/);
  });
});

describe("learnFromFrames", () => {
  it("is better than the mean of the frames", async () => {
    const { data, shifts, noise } = await learnFromFrames(frames, { range, steps: 120 });
    expect(shifts).toEqual(places);
    expect(noise.sigma).toBeGreaterThan(20);
    expect(quality(data) - quality(meanOfFrames(frames, { range }).data)).toBeGreaterThan(1);
  });

  it("learns from noise that neighbouring pixels have in common, if it is another in each frame", async () => {
    const together = frames.map((frame) => ({
      ...frame,
      data: frame.data.map((value, i) => (value + (frame.data[i + 1] ?? value)) / 2),
    }));
    const { data } = await learnFromFrames(together, { range, steps: 60 });
    const target = cleanAt(places[0]!);
    const blurred = Uint8Array.from(target, (value, i) => (value + (target[i + 1] ?? value)) / 2);
    const off = (values: Float32Array) => psnr(Uint8Array.from(Uint8ClampedArray.from(values)), blurred);
    expect(off(data)).toBeGreaterThan(off(meanOfFrames(together, { range }).data));
  });
});
