/**
 * The entry for inference, tried by the package's built files in whatever runtime this runs in. It is bundled with the
 * pictures inside (pictures.bin: each file's length as 4 bytes, little-endian, then the file), so that no file is read.
 */
import { createDenoiser, DataError, estimateSigma, ModelFileError, SpecError } from "denoise-wasm";
import { decodePng, denoisePng, encodePng } from "denoise-wasm/png";
import pictures from "../pictures.bin";

/** @returns {Promise<{ count: number, variant: string, sha256: string, checks: Record<string, boolean> }>} */
export async function suite() {
  const denoiser = await createDenoiser();
  const results = [];
  const view = new DataView(pictures.buffer, pictures.byteOffset);
  let png;
  for (let at = 0; at < pictures.length; at += 4 + png.length) {
    png = pictures.slice(at + 4, at + 4 + view.getUint32(at, true));
    const picture = await decodePng(png, "the picture");
    for (const sigma of [25, "auto"]) results.push((await denoiser.denoise(picture, { sigma })).data);
  }
  const count = results.length / 2;
  const bytes = new Uint8Array(await new Blob(results).arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const last = results.at(-1);
  const picture = await decodePng(png, "the picture");
  const values = Float32Array.from(picture.data);
  const [floats, none, half] = [
    await denoiser.denoise({ ...picture, data: values }, { sigma: 25 }),
    await denoiser.denoise(picture, { sigma: 0 }),
    await denoiser.denoise({ ...picture, data: values }, { sigma: 25, strength: 0.5 }),
  ];
  const colors = Uint8Array.from({ length: 4 * picture.data.length }, (_, i) =>
    i % 4 === 3 ? i >> 2 : picture.data[i >> 2],
  );
  const rgba = await denoiser.denoise({ ...picture, data: colors, channels: 4 });
  const again = await decodePng(await denoisePng(denoiser, png), "the result");
  const encoded = await decodePng(await encodePng(rgba), "a file just made");
  const checks = {
    "decodes the PNG that it makes": equal(again.data, last) && equal(encoded.data, rgba.data),
    "takes float32": equal(floats.data.map(Math.round), results.at(-2), 255),
    "leaves a picture alone at σ = 0": equal(none.data, picture.data),
    // The clean value, the difference, the product and the sum are rounded.
    "takes away half at strength 0.5": half.data.every(
      (value, i) =>
        Math.abs(value - (values[i] + floats.data[i]) / 2) <=
        4 * 2 ** -24 * (Math.abs(values[i]) + Math.abs(floats.data[i])),
    ),
    "keeps alpha": rgba.data.every((value, i) =>
      i % 4 === 3 ? value === colors[i] : value === last[i >> 2],
    ),
    "finds the noise level": Math.abs(estimateSigma(picture) - 25) < 10,
    "refuses a broken PNG": await refuses(DataError, () => denoisePng(denoiser, png.subarray(0, 60))),
    "refuses a large PNG": await refuses(DataError, () => denoisePng(denoiser, png, { maxPixels: 783 })),
    "refuses a picture that does not fit": await refuses(DataError, () =>
      denoiser.denoise({ ...picture, width: 27 }),
    ),
    "refuses a negative level": await refuses(SpecError, () => denoiser.denoise(picture, { sigma: -1 })),
    "refuses a broken model": await refuses(ModelFileError, () => createDenoiser({ model: png })),
  };
  denoiser.dispose();
  return { count, variant: denoiser.variant, sha256, checks };
}

/** Bytes rounded and cut off at 0 and `limit`, the same. */
function equal(a, b, limit = Infinity) {
  const cut = (value) => Math.min(Math.max(value, limit === Infinity ? -Infinity : 0), limit);
  return a.length === b.length && a.every((value, i) => cut(value) === b[i]);
}

async function refuses(kind, work) {
  try {
    await work();
  } catch (error) {
    return error instanceof kind && error.message.length > 0;
  }
  return false;
}
