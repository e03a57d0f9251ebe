import { createDenoiser, readImage, toImageData } from "denoise-wasm/browser";

const denoiser = await createDenoiser({ worker: true });

document.querySelector("input").onchange = async ({ target }) => {
  const clean = await denoiser.denoise(await readImage(target.files[0]));
  const canvas = document.querySelector("canvas");
  Object.assign(canvas, { width: clean.width, height: clean.height });
  canvas.getContext("2d").putImageData(toImageData(clean), 0, 0);
  document.querySelector("output").value = `denoised for σ = ${clean.sigma.toFixed(1)}`;
};
