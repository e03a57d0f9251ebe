import { createDenoiser } from "denoise-wasm";
import { decodePng, denoisePng, encodePng } from "denoise-wasm/png";

const data = Uint8Array.from({ length: 64 * 48 }, (_, i) => 128 + 20 * Math.sin(9 * i * i));
const picture = { data, width: 64, height: 48 };

// The test runner has globals of its own, such as Uint8Array, which are not those of Node.
test("a picture is denoised, on one thread and on two, and as a PNG file", async () => {
  const denoiser = await createDenoiser();
  const clean = await denoiser.denoise(picture, { sigma: 20 });
  expect(clean.data).toHaveLength(data.length);
  expect(clean.data).not.toEqual(data);
  const team = await createDenoiser({ threads: 2 });
  expect(team.threads).toBe(2);
  expect((await team.denoise(picture, { sigma: 20 })).data).toEqual(clean.data);
  team.dispose();
  const file = await denoisePng(denoiser, await encodePng(picture), { sigma: 20 });
  expect((await decodePng(file, "clean.png")).data).toEqual(clean.data);
});

test("a mistake has its error", async () => {
  await expect(createDenoiser({ mode: "turbo" })).rejects.toThrow(/^mode has to be/);
});
