// npm run tables: writes the tables of README.md and docs from the files of bench/results, and those of sizes from the build, so that no
// figure in them is typed by hand. A table stands between the comments <!-- table: NAME … --> and <!-- end of table -->, where
// NAME is one of `kinds` below, and what follows are its arguments. In docs/mathematics.md it writes the lines of functions.
// With --check it writes nothing, and exits with 1 if a table is not that of bench/results. Sizes may then be up to 2 % off, as small
// changes of the code make them, and other versions of zlib those of what is compressed.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { withSourceLines } from "./source-lines.js";

const root = new URL("..", import.meta.url);
const pages = ["README.md", "docs/performance.md", "docs/edge.md", "docs/mathematics.md"];

const resultsOf = (name) => JSON.parse(readFileSync(new URL(`bench/results/${name}.json`, root), "utf8"));
/** Rows of a file's tables whose titles begin so: of the first of them, or of the one with this index. */
function rowsOf(file, title, index = 0) {
  const tables = resultsOf(file).tables.filter(({ what }) => what.startsWith(title));
  return tables[index].rows;
}

const percent = (value) => `${Math.round(100 * value)} %`;
/** Three digits: 0.0225, 3.91, 65.5, 230. */
const digits = (value) => {
  const text = value.toPrecision(3);
  return text.includes("e") ? String(Math.round(value)) : text;
};
const grouped = (value) => value.toLocaleString("en");

/** A table in Markdown: its first column to the left, the others to the right. */
function table(headings, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |").replaceAll("|  |", "| |");
  return [line(headings), line(headings.map((_, i) => (i ? "---:" : "---"))), ...rows.map(line)].join("\n");
}

/** The time of a contestant; empty where it did not take part. */
function median(rows, name) {
  const found = rows.find((row) => row.name === name);
  return found ? digits(found["median, ms"]) : "";
}

/** All contestants of a table of a file of results. */
function contestants(file, title, index) {
  const all = rowsOf(file, title, index);
  const own = all.find(({ name }) => name === "denoise-wasm relaxed") ?? all[0];
  const headings = ["", "median, ms", "minimum, ms", "spread", "pictures/s", `of ${own.name}`];
  return table(
    headings,
    all.map(({ name, spread, ...row }) => {
      const median = row["median, ms"];
      const speed = [
        digits(median),
        digits(row["minimum, ms"]),
        percent(spread),
        Math.round(row["pictures/s"]),
      ];
      return [name, ...speed, `${(median / own["median, ms"]).toFixed(2)}×`];
    }),
  );
}

const intel = "-xeon";

/** The step of the classic recipe on both machines, with one thread and with two. */
function steps() {
  const one = (name) => `${name} 1 thread`;
  const rows = [
    [
      'denoise-wasm, `mode: "fast"` (relaxed SIMD), Node 24',
      "denoise-wasm relaxed",
      "denoise-wasm relaxed, 2 threads",
    ],
    [
      'denoise-wasm, `mode: "reproducible"` (simd), Node 24',
      "denoise-wasm simd",
      "denoise-wasm simd, 2 threads",
    ],
    ["PyTorch 2.13, AVX-512, Adagrad `foreach`", one("PyTorch"), "PyTorch 2 threads"],
    [
      "PyTorch 2.13, AVX-512, Adagrad `fused`",
      "PyTorch 1 thread, fused Adagrad",
      "PyTorch 2 threads, fused Adagrad",
    ],
    ["jax-js 0.1, wasm", "jax-js wasm"],
    ["TensorFlow.js 4.22, wasm", "TensorFlow.js wasm"],
    ["TensorFlow.js 4.22, cpu", "TensorFlow.js cpu"],
  ];
  const machines = [intel, ""].map((machine) => rowsOf(`peers-node24${machine}`, "Training"));
  return table(
    ["", "Intel Xeon, 1 thread", "2 threads", "AMD Zen 4, 1 thread", "2 threads"],
    rows.map(([title, ...names]) => [
      title,
      ...machines.flatMap((results) => [median(results, names[0]), median(results, names[1])]),
    ]),
  );
}

/** Convolutions on both machines. */
function convolutions() {
  const rows = ["", intel].flatMap((machine) => {
    const rows = (title, index) => rowsOf(`conv-node24${machine}`, title, index);
    const training = rows("Training");
    const cpu = machine === intel ? "Intel Xeon" : "AMD Zen 4";
    const cells = (part, suffix = "") => [
      median(part, `denoise-wasm simd${suffix}`),
      median(part, `denoise-wasm relaxed${suffix}`),
      median(part, suffix ? "PyTorch 2 threads" : "PyTorch 1 thread"),
      median(part, "onnxruntime-web wasm"),
    ];
    return [
      [`${cpu}: training step, batch 128, 1 thread`, ...cells(training)],
      ["2 threads", ...cells(training, ", 2 threads")],
      ["one picture of 1024 × 1024, 1 thread", ...cells(rows("Inference", 0))],
      ["one picture of 28 × 28, 1 thread", ...cells(rows("Inference", 1))],
    ];
  });
  return table(["", "simd", "relaxed", "PyTorch", "onnxruntime-web"], rows);
}

/** The edge worker under load. */
function load() {
  const [{ name, ...times }] = rowsOf("edge-load", "PNG of 28");
  const [{ name: _, ...memory }] = rowsOf("edge-load", "Memory");
  const megabytes = Object.values(memory).map(Math.round);
  // The first two are those after the start and after the warm-up.
  const [atStart, warm, ...then] = megabytes;
  const rows = [
    ["failed, or with another picture than in Node", 0],
    ["requests per second", Math.round(times["requests/s"])],
    ["median, 99th percentile", `${times["median, ms"].toFixed(1)} ms, ${times["99 %, ms"].toFixed(1)} ms`],
    ["memory of the process (RSS) after the start", `${atStart} MB`],
    ["after a warm-up of 3,000 requests", `${warm} MB`],
    [`in the next 10,000, looked at ${then.length} times`, `${Math.min(...then)} to ${Math.max(...then)} MB`],
  ];
  return table([name.replace("10000", "10,000"), ""], rows);
}

/** What denoising whole pictures takes by one build. */
function wholePictures(file, mode) {
  return table(
    ["", "threads", "noise", "median, ms", "minimum, ms", "spread", "pictures a second"],
    rowsOf(file, `Pictures, ${mode}`).map(({ name, threads, noise, spread, ...row }) => [
      name,
      threads,
      noise,
      ...[row["median, ms"], row["minimum, ms"]].map(digits),
      percent(spread),
      digits(row["a second"]),
    ]),
  );
}

/** What a large picture needs of memory. */
function pictureMemory(file) {
  return table(
    ["", "threads", "MB beside picture and result"],
    rowsOf(file, "Memory of a large picture").map(({ name, threads, ...row }) => [
      name,
      threads,
      Math.round(row["MB beside picture and result"]),
    ]),
  );
}

/** From the import of an entry to its first picture. */
function firstPictures() {
  const rows = rowsOf("edge-load", "Import to first picture");
  return table(
    ["", "median, ms", "minimum, ms"],
    rows.map((row) => [row.name, row["median, ms"].toFixed(1), row["minimum, ms"].toFixed(1)]),
  );
}

/** Bytes of a built file, and of it gzipped. */
function sizeOf(path) {
  const bytes = readFileSync(new URL(`build/${path}`, root));
  return [bytes.length, gzipSync(bytes, { level: 9 }).length];
}

/** The builds of the core. */
function sizes() {
  const names = ["inference", "inference-relaxed", "simd", "relaxed", "simd-threads", "relaxed-threads"];
  return table(
    ["", "bytes", "gzipped"],
    names.map((name) => [`${name}.wasm`, ...sizeOf(`wasm/${name}.wasm`).map(grouped)]),
  );
}

/** What most people ask for. */
function mainSizes() {
  const files = [
    ["the core that denoises, `inference.wasm`", "wasm/inference.wasm"],
    ["the core that trains, too, `simd.wasm`", "wasm/simd.wasm"],
    [
      "script, core, `photo` and `photo-grey` in one file, by `export photo --format edge`",
      "edge/denoise-all.js",
    ],
    ["the same with `photo-tiny` and `photo-tiny-grey`", "edge/denoise-tiny-all.js"],
  ];
  return table(
    ["", "bytes", "gzipped"],
    files.map(([what, path]) => [what, ...sizeOf(path).map(grouped)]),
  );
}

function edgeSizes() {
  const files = [
    ["denoise.js", ": the entry without wasm and weights"],
    ["denoise.wasm", ""],
    ...["photo", "photo-grey", "photo-tiny", "photo-tiny-grey", "photo-large", "fashion-conv"].map((name) => [
      `${name}.safetensors`,
      ", int8",
    ]),
    [
      "denoise-all.js",
      ": script, wasm and the weights of photo and photo-grey in one file, by `export photo --format edge`",
    ],
    ["denoise-tiny-all.js", ": the same with those of photo-tiny and photo-tiny-grey"],
    ["png.js", ""],
    ["jpeg.js", ""],
  ];
  return table(
    ["", "bytes", "`gzip -9`"],
    files.map(([name, note]) => [`\`${name}\`${note}`, ...sizeOf(`edge/${name}`).map(grouped)]),
  );
}

const fromBuild = { sizes, "main-sizes": mainSizes, "edge-sizes": edgeSizes };
const kinds = {
  contestants,
  steps,
  convolutions,
  load,
  "first-pictures": firstPictures,
  pictures: wholePictures,
  "picture-memory": pictureMemory,
  ...fromBuild,
};

/** Whether two tables have the same words, and numbers that are within 2 % of each other. */
function areNear(one, other) {
  const [numbers, others] = [one, other].map((text) =>
    (text.match(/[\d,]+(?= \|)/g) ?? []).map((number) => Number(number.replaceAll(",", ""))),
  );
  const words = (text) => text.replaceAll(/[\d,]+(?= \|)/g, "");
  return words(one) === words(other) && numbers.every((n, i) => Math.abs(n / others[i] - 1) <= 0.02);
}

const isCheck = process.argv.includes("--check");
let count = 0;
for (const page of pages) {
  const text = readFileSync(new URL(page, root), "utf8");
  const written = text.replaceAll(
    /(<!-- table: ([^>]+) -->\n\n)[\s\S]*?(\n\n<!-- end of table -->)/g,
    (whole, begin, what, end) => {
      const [kind, ...parameters] = what.split(" ");
      count++;
      const now = begin + kinds[kind](...parameters) + end;
      return isCheck && kind in fromBuild && areNear(whole, now) ? whole : now;
    },
  );
  const path = fileURLToPath(new URL(page, root));
  const withLines = withSourceLines(written, dirname(path));
  if (withLines === text) continue;
  if (!isCheck) writeFileSync(path, withLines);
  else {
    const what =
      written === text
        ? "links to a line that is not that of the function it names"
        : "has a table that is not that of bench/results or of the build";
    console.error(`${path} ${what}. Run npm run tables.`);
    process.exitCode = 1;
  }
}
console.log(`${count} tables`);
