// node scripts/make-sample.js DIR: writes data/ from the four files of the full Fashion-MNIST in DIR.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const source = process.argv[2];
if (!source) {
  console.error("usage: node scripts/make-sample.js DIR");
  process.exit(2);
}
const target = new URL("../data/", import.meta.url);
const classes = 10;

/** @returns {Buffer} the content of NAME.gz or NAME */
function read(name) {
  const packed = join(source, `${name}.gz`);
  return existsSync(packed) ? gunzipSync(readFileSync(packed)) : readFileSync(join(source, name));
}

/** Writes NAME.gz, with a gzip header that depends neither on the time nor on the operating system. */
function write(name, shape, values) {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 0x08;
  header[3] = shape.length;
  shape.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i);
  });
  const content = Buffer.concat([header, ...values]);
  const packed = gzipSync(content, { level: 9 });
  packed[9] = 255;
  writeFileSync(new URL(`${name}.gz`, target), packed);
  return `    ${createHash("sha256").update(content).digest("hex")}  ${name}`;
}

/**
 * The indices of the first `perClass` pictures of each class, in rounds: round n has the nth picture of each class,
 * in the order of the file. So each group of 10 successive pictures holds every class once.
 */
function choose(labels, perClass) {
  const rounds = Array.from({ length: perClass }, () => []);
  const seen = new Array(classes).fill(0);
  labels.forEach((label, index) => {
    rounds[seen[label]++]?.push(index);
  });
  return rounds.flat();
}

function sample(prefix, perClass) {
  const images = read(`${prefix}-images-idx3-ubyte`).subarray(16);
  const labels = read(`${prefix}-labels-idx1-ubyte`).subarray(8);
  const chosen = choose(labels, perClass);
  const pictures = chosen.map((index) => images.subarray(index * 784, (index + 1) * 784));
  return [
    write(`${prefix}-images-idx3-ubyte`, [chosen.length, 28, 28], pictures),
    write(
      `${prefix}-labels-idx1-ubyte`,
      [chosen.length],
      [Buffer.from(chosen.map((index) => labels[index]))],
    ),
  ];
}

mkdirSync(target, { recursive: true });
const sums = [...sample("train", 400), ...sample("t10k", 100)];

writeFileSync(
  new URL("README.md", target),
  `# A sample of Fashion-MNIST

4,000 of the 60,000 training images and 1,000 of the 10,000 test images of
[Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist) (Han Xiao, Kashif Rasul, Roland Vollgraf:
*Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms*, 2017, arXiv:1708.07747),
so that everything can be tried and tested without a download. Copyright Zalando SE, MIT licence: see
[LICENSE](LICENSE). The sample is not part of the npm package. Figures that others can compare with need the
full set: \`denoise-wasm download\`.

The sample was made by

    node scripts/make-sample.js /usr/share/datasets/fashion-mnist

where the folder is that of Debian's package dataset-fashion-mnist; any folder with the four files will do. It
holds the first 400 training images and the first 100 test images of each class, in rounds: the first image of
every class, then the second of every class, and so on. Within a round the images are in the order of the full
set. So each group of 10 successive images holds each of the 10 classes once.

The files are gzipped IDX files named like the originals. SHA-256 of their uncompressed content:

${sums.join("\n")}
`,
);

writeFileSync(
  new URL("LICENSE", target),
  `The MIT License (MIT)

Copyright (c) 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`,
);
