/** The same with the package `canvas`, whose native part npm does not bring: this is only compiled. */
import * as nodeCanvas from "canvas";
import { createDenoiser } from "denoise-wasm";

const denoiser = await createDenoiser();
const context = nodeCanvas.createCanvas(40, 30).getContext("2d");
const { data, width, height } = await denoiser.denoise(context.getImageData(0, 0, 40, 30));
context.putImageData(nodeCanvas.createImageData(data, width, height), 0, 0);
context.putImageData(new nodeCanvas.ImageData(data, width, height), 0, 0);
