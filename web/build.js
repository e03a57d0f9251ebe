// Builds the page as static files in build/web, for any web server. Needs the files that `npm run build` writes.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
      "web/style.css",
      "web/train-worker.ts",
      "web/picture-worker.ts",
      "web/learn-worker.ts",
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
    // The builds of the core are texts that become longer in ASCII. Scripts of this page are modules, which are always UTF-8.
    charset: "utf8",
    logLevel: "warning",
    external: ["*.svg"],
    plugins: [withoutTexts, shortManifest],
  });
  for (const name of ["icon.svg", "slider.svg", "without-server.js", "manifest.webmanifest"])
    cpSync(`${root}web/${name}`, folder + name);
  for (const name of samples) cpSync(`${root}web/samples/${name}`, `${folder}samples/${name}`);
  for (const name of models) cpSync(`${root}build/models/${name}`, `${folder}models/${name}`);
  for (const name of readdirSync(`${root}data`))
    if (name.endsWith(".gz")) cpSync(`${root}data/${name}`, `${folder}data/${name}`);
  writeFileSync(`${folder}garments.png`, garments());
  const photo = Math.round(statSync(`${folder}models/photo.safetensors`).size / 1000);
  const { repository } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const address = (repository?.url ?? repository)?.replace(/^git\+/, "").replace(/\.git$/, "");
  fill("index.html", {
    "%PHOTO_KB%": String(photo),
    "%REPOSITORY%": address ? `<a href="${address}">How it works, and its source.</a>` : "",
  });
  const files = filesOfPage();
  const digest = createHash("sha256");
  for (const name of files) digest.update(readFileSync(folder + name));
  fill("service-worker.js", {
    "%VERSION%": digest.digest("hex").slice(0, 16),
    '"%FILES%"': listed(files.filter((name) => !laterFiles.includes(name))),
    '"%LATER%"': listed(laterFiles),
  });
}

const samples = ["parrots.jpg", "window.jpg"];
const models = ["photo", "photo-grey", "photo-tiny", "photo-tiny-grey", "photo-large"].map(
  (name) => `${name}.safetensors`,
);
/** What most visitors never need: it travels when it is asked for, and is kept from then on. */
const laterFiles = ["models/photo-large.safetensors"];

/** Copies a file of `web`, with each of the words replaced. */
function fill(name, words) {
  const text = readFileSync(`${root}web/${name}`, "utf8");
  writeFileSync(
    folder + name,
    Object.entries(words).reduce((text, [word, value]) => text.replace(word, value), text),
  );
}

const listed = (names) => names.map((name) => JSON.stringify(name)).join(", ");

/** The names of all files of the page, below its folder. */
function filesOfPage() {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length).replace(/^\//, ""))
    .sort();
}

/**
 * The page's policy allows workers from files only, so it gives their addresses, and does not need them as texts. It loads
 * models for photographs as files too, so that only those travel that are used.
 */
const withoutTexts = {
  name: "without texts of workers and models",
  setup(build) {
    build.onLoad({ filter: /build\/workers\/\w+\.js$/ }, () => ({ contents: 'export default "";' }));
    build.onLoad({ filter: /build\/models\/photo\.js$/ }, () => ({
      contents: "export const colour = undefined, grey = undefined;",
    }));
  },
};

/** Of package.json, the page needs what models are marked with. */
const shortManifest = {
  name: "a short package.json",
  setup(build) {
    build.onLoad({ filter: /package\.json$/ }, () => {
      const { version, license } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
      return { contents: JSON.stringify({ version, license }), loader: "json" };
    });
  },
};

/** @returns {Uint8Array} a PNG file of 5 × 2 test pictures of the sample, whose classes take turns */
function garments() {
  const [columns, rows, side] = [5, 2, 28];
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
  return filesOfPage()
    .filter((name) => !name.startsWith("data/"))
    .map((name) => ({ name, bytes: gzipSync(readFileSync(folder + name), { level: 9 }).length }));
}
