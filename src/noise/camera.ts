/** The noise of a camera: from the light on its sensor to the JPEG file. */
import { SpecError } from "../errors.ts";
import type { Picture } from "../pictures/picture.ts";
import { compress, type JpegSettings } from "./jpeg-artifacts.ts";
import { interpolateMosaic, mosaicColour } from "./mosaic.ts";
import { drawFrom, drawLogarithmicallyFrom, type Ranged } from "./ranged.ts";
import type { Random } from "./rng.ts";
import { smooth } from "./smoothing.ts";
import { lightOf, setToneCurve, valueOfLight } from "./tone-curve.ts";

/**
 * The noise that a camera leaves in a picture, as its simulation from the clean picture, grey or RGB: the light that
 * makes the picture by the tone curve; noise of photons and of read-out in the light of each colour before white balance;
 * the mosaic of colours, whose interpolation spreads the noise over pixels and colours; white balance; smoothing; the tone
 * curve; rounding to whole numbers from 0 to 255; JPEG. A step whose key is left out is not simulated. Interpolation and
 * smoothing change the noise alone, not the picture in it, so that a network is not taught to sharpen. JPEG changes
 * both.
 *
 * The level of this noise is known when it has been drawn: it is the root mean square of the noisy minus the clean
 * picture, in grey levels. The mosaic, white balance and `chroma` are for colour pictures; grey ones are left out of them.
 *
 * Sources: Tim Brooks et al., "Unprocessing images for learned raw denoising", CVPR 2019 (the way from a picture back to
 * light, and the photons' noise on it); ITU-T T.81 (JPEG).
 */
export interface CameraNoise {
  /** The kind of noise. */
  model: "camera";
  /**
   * The light of one photon, above 0, where white has 1: 0.001 stands for 1000 photons at white. The logarithm is drawn
   * uniformly from a range. Light x, before white balance, gets noise of variance gain·x + (gain·readNoise)², normal
   * except for its far tails.
   */
  gain: Ranged;
  /** Standard deviation of the read-out error in photons, at least 0. Default 0. */
  readNoise?: Ranged;
  /**
   * What white balance multiplies red and blue by, green being 1; above 0, drawn once for red and once for blue. The light
   * of a colour is divided by it before noise is added, and multiplied by it after that. Default 1.
   */
  whiteBalance?: Ranged;
  /** The curve from light to values. If it is left out, values are in proportion to light. */
  toneCurve?: {
    /** From 1 to 4; the higher, the brighter the darks: 2.4 is the curve of sRGB. It is rounded to sixteenths. */
    gamma: Ranged;
    /** From 0 to 1: how much flatter the curve is at black and white than between them. At 1, noise there is halved. */
    contrast: Ranged;
  };
  /** The share of pictures, from 0 to 1, whose sensor has a mosaic of colours (Bayer). Others get noise in each colour. */
  mosaic?: number;
  /** What the difference of the noise's colours to grey is multiplied by, at least 0, as matrices of colours do. */
  chroma?: Ranged;
  /** Blur of the noise, which spreads and weakens it, as cameras do that resize pictures or denoise them themselves. */
  smoothing?: {
    /** The share of pictures that have it, from 0 to 1. */
    share: number;
    /** Standard deviation of the blur of grey pictures and of the brightness, (R + 2G + B) / 4, in pixels, 0 to 16. */
    luma: Ranged;
    /** Standard deviation of the blur of the differences of colours to brightness, in pixels, 0 to 16. */
    chroma: Ranged;
  };
  /** Compression. The grid of blocks of 8×8 pixels lies anywhere on the picture. */
  jpeg?: {
    /** The share of pictures that are compressed, from 0 to 1. */
    share: number;
    /** libjpeg's quality, from 1 to 100. What is drawn from a range is rounded. */
    quality: Ranged;
    /** The share of the compressed colour pictures whose colours have half the resolution (4:2:0), from 0 to 1. */
    subsampled: number;
  };
}

/** The noise of one picture: what has been drawn for it. */
export interface CameraPictureNoise {
  readonly model: "camera";
  readonly gain: number;
  readonly readNoise: number;
  /** What white balance multiplies red, green and blue by. */
  readonly balance: readonly [number, number, number];
  readonly toneCurve: { readonly gamma: number; readonly contrast: number };
  /** The phase of the mosaic, as for `mosaicColour`; undefined if there is none. */
  readonly mosaic: number | undefined;
  readonly chroma: number;
  readonly smoothing: { readonly luma: number; readonly chroma: number };
  readonly jpeg: JpegSettings | undefined;
}

/** Noise of photographs: from cameras in good light to telephones in the dark. */
export const cameraNoise = {
  model: "camera",
  gain: [0.0002, 0.025],
  readNoise: [0, 4],
  whiteBalance: [1, 2.6],
  toneCurve: { gamma: [1.8, 2.6], contrast: [0, 1] },
  mosaic: 0.8,
  chroma: [0.5, 2],
  smoothing: { share: 0.9, luma: [0.2, 1.4], chroma: [0.5, 5] },
  jpeg: { share: 0.7, quality: [60, 98], subsampled: 0.5 },
} satisfies CameraNoise;

/** Draws the noise of one picture. */
export function drawCamera(noise: CameraNoise, random: Random): CameraPictureNoise {
  const { mosaic = 0, whiteBalance = 1, toneCurve, smoothing, jpeg } = noise;
  const happens = (share: number) => random.uniform() < share;
  return {
    model: "camera",
    gain: drawLogarithmicallyFrom(noise.gain, random),
    readNoise: drawFrom(noise.readNoise ?? 0, random),
    balance: [drawFrom(whiteBalance, random), 1, drawFrom(whiteBalance, random)],
    toneCurve: {
      gamma: drawFrom(toneCurve?.gamma ?? 1, random),
      contrast: drawFrom(toneCurve?.contrast ?? 0, random),
    },
    mosaic: happens(mosaic) ? random.bits() >>> 30 : undefined,
    chroma: drawFrom(noise.chroma ?? 1, random),
    smoothing:
      smoothing && happens(smoothing.share)
        ? { luma: drawFrom(smoothing.luma, random), chroma: drawFrom(smoothing.chroma, random) }
        : { luma: 0, chroma: 0 },
    jpeg:
      jpeg && happens(jpeg.share)
        ? {
            quality: Math.round(drawFrom(jpeg.quality, random)),
            subsampled: happens(jpeg.subsampled),
            top: random.bits() >>> 28,
            left: random.bits() >>> 28,
          }
        : undefined,
  };
}

/** Noise in light for each value of a picture, at [256·colour + value]: its standard deviation after white balance. */
const deviations = new Float64Array(3 * 256);
/** Room for the noise on a mosaic and on a picture. It grows with the pictures, so that no picture allocates any. */
let onMosaic = new Float32Array();
let onPicture = new Float32Array();

/**
 * Fills `noisy` with the picture plus noise that is drawn from `random`: whole numbers from 0 to 255.
 * @returns the level of the noise: the root mean square of the noisy minus the clean picture, in grey levels
 * @throws SpecError if the picture is neither grey nor RGB
 */
export function addCameraNoise(
  { data: clean, height, width, channels }: Required<Picture<Uint8Array>>,
  noisy: Float32Array,
  noise: CameraPictureNoise,
  random: Random,
): number {
  if (channels !== 1 && channels !== 3) {
    throw new SpecError(`Camera noise is for grey and RGB pictures, of 1 or 3 channels, not of ${channels}.`);
  }
  const size = height * width * channels;
  if (onPicture.length < size) onPicture = new Float32Array(size);
  const light = onPicture.subarray(0, size);
  setToneCurve(noise.toneCurve.gamma, noise.toneCurve.contrast);
  setDeviations(noise);
  if (channels === 1) drawGrey(clean, light, random);
  else if (noise.mosaic === undefined) drawColours(clean, light, random);
  else drawOnMosaic(clean, light, height, width, noise.mosaic, random);
  const { luma, chroma } = noise.smoothing;
  if (channels === 3 && (luma > 0 || chroma > 0 || noise.chroma !== 1)) {
    separateColours(light, noise.chroma);
    smooth(light, height, width, channels, luma, chroma);
    joinColours(light);
  } else smooth(light, height, width, channels, luma, chroma);
  for (let i = 0; i < size; i++) {
    noisy[i] = valueOfLight(lightOf[clean[i]!]! + light[i]!);
  }
  if (noise.jpeg) compress(noisy, height, width, channels, noise.jpeg);
  let square = 0;
  for (let i = 0; i < size; i++) {
    const error = noisy[i]! - clean[i]!;
    square += error * error;
  }
  return Math.sqrt(square / size);
}

function setDeviations({ gain, readNoise, balance }: CameraPictureNoise): void {
  const variance = gain * readNoise * (gain * readNoise);
  for (let colour = 0; colour < 3; colour++) {
    const factor = balance[colour]!;
    for (let value = 0; value < 256; value++) {
      deviations[256 * colour + value] = factor * Math.sqrt((gain * lightOf[value]!) / factor + variance);
    }
  }
}

/** Draws the noise of grey pictures, which has the strength of that of green. */
function drawGrey(clean: Uint8Array, light: Float32Array, random: Random): void {
  random.fillNearlyNormal(light);
  for (let i = 0; i < light.length; i++) light[i] = light[i]! * deviations[256 + clean[i]!]!;
}

/** Draws noise for each colour of each pixel. */
function drawColours(clean: Uint8Array, light: Float32Array, random: Random): void {
  random.fillNearlyNormal(light);
  for (let i = 0; i < light.length; i += 3) {
    light[i] = light[i]! * deviations[clean[i]!]!;
    light[i + 1] = light[i + 1]! * deviations[256 + clean[i + 1]!]!;
    light[i + 2] = light[i + 2]! * deviations[512 + clean[i + 2]!]!;
  }
}

/** Draws noise for one colour of each pixel, with a margin of one pixel around the picture, and interpolates it. */
function drawOnMosaic(
  clean: Uint8Array,
  light: Float32Array,
  height: number,
  width: number,
  phase: number,
  random: Random,
): void {
  const size = (height + 2) * (width + 2);
  if (onMosaic.length < size) onMosaic = new Float32Array(size);
  const raw = onMosaic.subarray(0, size);
  random.fillNearlyNormal(raw);
  for (let row = -1, at = 0; row <= height; row++) {
    const start = Math.min(height - 1, Math.max(0, row)) * width;
    for (let column = -1; column <= width; column++, at++) {
      const colour = mosaicColour(row, column, phase);
      const pixel = start + Math.min(width - 1, Math.max(0, column));
      raw[at] = raw[at]! * deviations[256 * colour + clean[3 * pixel + colour]!]!;
    }
  }
  interpolateMosaic(raw, light, height, width, phase);
}

/** RGB becomes brightness, (R + 2G + B) / 4, and the differences of red and blue to it, times a factor. */
function separateColours(light: Float32Array, factor: number): void {
  for (let i = 0; i < light.length; i += 3) {
    const red = light[i]!;
    const blue = light[i + 2]!;
    const brightness = (red + blue) * 0.25 + light[i + 1]! * 0.5;
    light[i] = brightness;
    light[i + 1] = (red - brightness) * factor;
    light[i + 2] = (blue - brightness) * factor;
  }
}

/** Undoes `separateColours`, but for the factor. */
function joinColours(light: Float32Array): void {
  for (let i = 0; i < light.length; i += 3) {
    const brightness = light[i]!;
    const red = light[i + 1]!;
    const blue = light[i + 2]!;
    light[i] = brightness + red;
    light[i + 1] = brightness - (red + blue) * 0.5;
    light[i + 2] = brightness + blue;
  }
}
