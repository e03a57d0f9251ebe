/** How the code blocks of README.md and docs are run, and which of them are not. */

/** A block, or of commands a line, that needs more than its names. It is known by a part of it that no other has. */
export interface Run {
  readonly block: string;
  /** Parts that are changed before it runs, so that it takes seconds, or finds a server of the test. */
  readonly replace?: readonly (readonly [string, string])[];
  /** What has to be true after it; `assert` and what the block declares are there. */
  readonly after?: string;
}

const isCleaner =
  "assert.equal(clean.data.length, image.data.length); assert.notDeepEqual(clean.data, image.data);";
const short = "--epochs 1 --patches-per-epoch 32";

export const runs: readonly Run[] = [
  { block: '{ sigma: "auto" });', after: isCleaner },
  {
    block: "findFashionMnist()",
    after: "assert.equal((await run.model()).provenance.recipe, 'fashion-autoencoder');",
  },
  { block: "const rest = resume", after: "assert.ok((await rest.model()).parameters.size > 0);" },
  { block: "whatever the picture's size", after: isCleaner },
  {
    block: "less than 4 KB as JSON",
    replace: [["calibrate(pictures)", "calibrate(pictures, { steps: 50 })"]],
    after: `${isCleaner} assert.ok(JSON.stringify(calibration).length < 4096);`,
  },
  { block: "(bar.value = done)", after: "assert.equal(bar.value, 1); assert.equal(clean.width, 96);" },
  {
    block: "learnFromPicture",
    replace: [["{ onProgress", "{ steps: 20, onProgress"]],
    after:
      "assert.equal(data.length, picture.data.length); assert.ok(noise.sigma >= 0); assert.ok(model.parameters);",
  },
  {
    block: "learnFromFrames",
    replace: [["learnFromFrames(frames)", "learnFromFrames(frames, { steps: 20 })"]],
    after:
      "assert.equal(learned.data.length, frames[0].data.length); assert.equal(mean.width, frames[0].width);",
  },
  {
    block: "denoisePng(denoiser, await request.arrayBuffer(), { maxPixels: 1e6 })",
    replace: [["export default", "const worker ="]],
    after: "assert.match(await (await worker.fetch(request)).text(), /^.PNG/);",
  },
  {
    block: "output: { quality: 92 }",
    replace: [
      ["await request.arrayBuffer()", 'await (await import("node:fs/promises")).readFile("noisy.jpg")'],
    ],
    after: "assert.equal(jpeg[0], 0xff);",
  },
  {
    block: "https://example.com/weights",
    replace: [["https://example.com/weights-3f2a.safetensors", "$SERVER/models/photo-tiny.safetensors"]],
    after: "assert.equal((await denoiser).threads, 1);",
  },
  {
    block: "let denoiser; // Outside",
    after: "await show(file, canvas); assert.equal(canvas.width, 96);",
  },
  {
    block: 'export const runtime = "edge";',
    after: "assert.match(await (await POST(request)).text(), /^.PNG/);",
  },
  { block: "ort.InferenceSession", after: "assert.equal(clean.data.length, planes.length);" },
  { block: "calibrate microscope -o", replace: [["-o ", "--steps 50 -o "]] },
  { block: "calibrate microscope/*.tif", replace: [["-o ", "--steps 50 -o "]] },
  { block: "train --recipe photo --noise gaussian,sigma=0..55", replace: [["--out", `${short} --out`]] },
  { block: "train --recipe photo --noise camera", replace: [["--out", `${short} --out`]] },
  { block: "train --from photo --data photos", replace: [["-o run", `${short} -o run`]] },
  { block: "train --from photo --data faces", replace: [["-o run", `${short} -o run`]] },
  { block: "train --recipe photo-grey --data FOLDER", replace: [["-o run", `${short} -o run`]] },
];

const measures = "a benchmark, which takes minutes and needs a machine that is quiet";
const long = "takes minutes to hours by design; the suite runs the same with smaller numbers";
const headers = "no code; test/web/page.test.ts serves a page with it";

/** Blocks, and of commands lines, that are not run, by how they begin, each with the reason. */
export const notRun: Readonly<Record<string, string>> = {
  "npm init -y": "sets up a folder; the folders of the tests are",
  "npm install denoise-wasm": "test/examples/examples.test.ts installs the package as npm packs it",
  "npx wrangler dev": "the block before it runs in workerd; test/examples/examples.test.ts starts wrangler",
  "curl --data-binary": "for that server",
  "npm install --save-dev vite": "test/examples/examples.test.ts builds such a project, and opens its pages",
  "npx vite": "the same",
  "npx vite build": "the same",
  "npm install --save-dev webpack": "the same",
  "npx webpack": "the same",
  "npm install && npm start":
    "installs and builds a clone, as .ci/run does; test/cli/cli.test.ts trains without options",
  "npm install && npm test": "what runs this test",
  "npm run web": "serves until it is stopped; test/web starts it",
  "Cross-Origin-Opener-Policy": headers,
  "default-src 'self'": headers,
  "node bench/run.js photographs": measures,
  "python3 bench/peers/photo_filters.py TRAIN kodak > filters-Kodak24.json":
    "needs scikit-image and OpenCV, and minutes to choose parameters",
  "python3 bench/peers/photo_filters.py TRAIN kodak-jpeg": "the same",
  "python3 bench/peers/photo_filters.py TRAIN FOLDER": "the same",
  "npm run bench": measures,
  "PYTHON=python3 npm run bench:peers": measures,
  "PYTHON=python3 npm run bench:conv": measures,
  "PYTHON=python3 npm run bench:load": measures,
  "DENOISE_PICTURES=FOLDER:FOLDER": "a test itself, for collections of files that are not here",
  "npm run fuzz": long,
  "npm run fuzz -- PNG model --seconds 3600": long,
  "npm run fuzz -- --inputs 50000": long,
  "npm run fuzz -- options": "one input of what test/fuzz/fuzz.test.ts runs",
  "DENOISE_TRAININGS=300": long,
  "DENOISE_FULL_DISKS=50": long,
  "DENOISE_REQUESTS=10000": long,
  "DENOISE_LOST_WORKERS=100": long,
  "DENOISE_FLAT_MEMORY=10": long,
};
