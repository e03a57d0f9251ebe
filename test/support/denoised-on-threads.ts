/** What a denoiser on some threads makes of pictures, in whatever runtime this runs in. */
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { convModel } from "./conv-models.ts";
import { normal } from "./networks.ts";

export async function denoisedOnThreads(threads: number): Promise<{ threads: number; sha256: string[] }> {
  using denoiser = await createDenoiser({ model: convModel({ white: 255 }), threads });
  const pictureOf = (width: number, height: number) => ({
    data: normal(width * height, width, 30).map((value) => value + 128),
    width,
    height,
  });
  const results = await Promise.all([
    denoiser.denoise(pictureOf(700, 60), { sigma: 20 }),
    ...Array.from({ length: 9 }, (_, i) => denoiser.denoise(pictureOf(20 + i, 30), { quality: "best" })),
  ]);
  const hash = async (data: Float32Array<ArrayBuffer>) =>
    [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");
  const small = await new Blob(results.slice(1).map(({ data }) => data)).arrayBuffer();
  return {
    threads: denoiser.threads,
    sha256: [await hash(results[0]!.data), await hash(new Float32Array(small))],
  };
}
