// node first-picture.js CONTESTANT MODEL PICTURE: milliseconds from the import of denoise-wasm or onnxruntime-web to the
// first denoised picture, in a process that has done nothing else. Files: a model (safetensors, ONNX) and a picture of
// 28 × 28 float32 in grey levels, with noise of σ = 25.
import { readFileSync } from "node:fs";

const side = 28;
const sigma = 25;
const [contestant, modelFile, pictureFile] = process.argv.slice(2);
const model = new Uint8Array(readFileSync(modelFile));
const picture = new Float32Array(new Uint8Array(readFileSync(pictureFile)).buffer);

const denoise = {
  async "denoise-wasm"() {
    const { createDenoiser } = await import("../../build/esm/index.js");
    const denoiser = await createDenoiser({ model });
    const image = { data: picture, width: side, height: side, channels: 1 };
    return (await denoiser.denoise(image, { sigma })).data;
  },
  async "onnxruntime-web wasm"() {
    const ort = await import("onnxruntime-web/wasm");
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    const tensor = (values) => new ort.Tensor("float32", values, [1, 1, side, side]);
    const x = tensor(picture.map((value) => value / 255));
    const level = tensor(new Float32Array(picture.length).fill(sigma / 255));
    const { y } = await session.run({ x, level });
    return y.data.map((value) => 255 * value);
  },
};

const start = performance.now();
const data = await denoise[contestant]();
const milliseconds = { "import to picture": performance.now() - start };
console.log(JSON.stringify({ milliseconds, output: [...data] }));
