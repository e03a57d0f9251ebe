// Builds the page as static files in build/web, for any web server. Needs the files that `npm run build` writes.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import esbuild from "esbuild";
import { encode } from "fast-png";

const root = fileURLToPath(new URL("..", import.meta.url));
export const folder = `${root}build/web/`;

export async function buildPage() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [
      "web/page.ts",
      "web/train-worker.ts",
      "web/picture-worker.ts",
      "src/denoiser/denoiser-worker.ts",
      "src/wasm/thread-worker.ts",
    ],
    entryNames: "[name]",
    outdir: folder,
    bundle: true,
    // The code that the page and its workers share is loaded once.
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "warning",
    plugins: [withoutWorkerTexts],
  });
  for (const name of ["index.html", "style.css", "icon.svg", "slider.svg", "without-server.js"]) {
    cpSync(`${root}web/${name}`, folder + name);
  }
  cpSync(`${root}data`, `${folder}data`, { recursive: true });
  writeFileSync(`${folder}garments.png`, garments());
}

/** The page's policy allows workers from files only, so it gives their addresses, and does not need them as texts. */
const withoutWorkerTexts = {
  name: "without the texts of workers",
  setup(build) {
    build.onLoad({ filter: /build\/workers\/\w+\.js$/ }, () => ({ contents: 'export default "";' }));
  },
};

/** @returns {Uint8Array} a PNG file of 6 × 4 test pictures of the sample, whose classes take turns */
function garments() {
  const [columns, rows, side] = [6, 4, 28];
  const pictures = gunzipSync(readFileSync(`${root}data/t10k-images-idx3-ubyte.gz`)).subarray(16);
  const [width, height] = [columns * side, rows * side];
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const picture = Math.floor(y / side) * columns + Math.floor(x / side);
      data[y * width + x] = pictures[(picture * side + (y % side)) * side + (x % side)];
    }
  }
  return encode({ data, width, height, channels: 1, depth: 8 });
}

/** The gzipped size of each file of the page, without the data sample. */
export function transferSizes() {
  return readdirSync(folder)
    .filter((name) => name !== "data")
    .map((name) => ({ name, bytes: gzipSync(readFileSync(folder + name), { level: 9 }).length }));
}
