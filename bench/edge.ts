/**
 * npm run bench:edge: the time from the import to the first picture, in workerd and in Node; then examples/cloudflare-worker in
 * workerd with 10,000 requests, 16 at a time: the time of each, every answer held
 * against Node's, and memory before and after. What it must refuse, test/bench/edge-load.test.ts sends it.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { decode } from "fast-png";
import { createDenoiser } from "../src/denoiser/photo.ts";
import { createDenoiser as createTinyDenoiser } from "../src/denoiser/photo-tiny.ts";
import { Client, residentBytes } from "../test/support/edge-requests.ts";
import { noisyPictures } from "../test/support/noisy-pictures.ts";
import { bundleWorker, startWorkerd } from "../test/support/workerd.ts";
import { addTable, provenance, type Row, writeResults } from "./report.ts";
import { timesCells } from "./turns.ts";

const REQUESTS = 10_000;
const AT_ONCE = 16;
/** Requests for the engine to optimise the code and to find its heap's size. */
const WARM_UP = 3000;
/** Fresh processes of workerd for the time to the first picture. */
const STARTS = 9;

const run = { ...provenance(), workerd: createRequire(import.meta.url)("workerd").version as string };
const pictures = await noisyPictures(100, 25);
const denoiser = await createDenoiser();
const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-edge-"));
try {
  await firstPictures(join(folder, "cold"));
  await bundleWorker("examples/cloudflare-worker/worker.js", folder);
  await load();
  writeResults("edge-load", run);
} finally {
  rmSync(folder, { recursive: true });
}

async function load(): Promise<void> {
  const expected: Uint8Array[] = [];
  for (const { noisy: data, width, height } of pictures) {
    expected.push((await denoiser.denoise({ data, width, height })).data);
  }
  const png = (index: number) => pictures[index % pictures.length]!.png;
  const worker = await startWorkerd(folder);
  const client = new Client(worker.url, AT_ONCE);
  const megabytes: Record<string, number> = {};
  const look = (when: string) => {
    megabytes[when] = (residentBytes(worker.pid) ?? Number.NaN) / 1e6;
  };
  try {
    look("after the start");
    await client.sendAll(WARM_UP, png, () => {});
    look(`after ${WARM_UP} requests`);
    const times: number[] = [];
    const start = performance.now();
    await client.sendAll(REQUESTS, png, ({ status, body, milliseconds }, index) => {
      times.push(milliseconds);
      if (status !== 200) throw new Error(`request ${index}: ${status} ${body}`);
      const picture = decode(body).data as Uint8Array;
      if (Buffer.compare(picture, expected[index % expected.length]!) !== 0)
        throw new Error(`request ${index}: another picture`);
      if ((index + 1) % (REQUESTS / 5) === 0) look(`after ${index + 1} more`);
    });
    const rate = { "requests/s": (1000 * REQUESTS) / (performance.now() - start) };
    if (worker.messages()) throw new Error(worker.messages());
    const slowest = times.toSorted((a, b) => b - a);
    const tail = { "99 %, ms": slowest[Math.round(REQUESTS / 100)]!, "longest, ms": slowest[0]! };
    const name = `${REQUESTS} requests, ${AT_ONCE} at a time`;
    addTable("PNG of 28 × 28 in and out; the client beside workerd", [
      { name, ...rate, ...timesCells(times), ...tail },
    ]);
    addTable("Memory in MB", [{ name: "workerd", ...megabytes }]);
  } finally {
    client.close();
    await worker.stop();
  }
}

/** The time from the import of an entry to the first picture of 28 × 28, in fresh processes of workerd and of Node, in turns. */
async function firstPictures(folder: string): Promise<void> {
  const { noisy: data, width, height } = pictures[0]!;
  const rows: Row[] = [];
  for (const [entry, file, create] of [
    ["denoise-wasm", "esm/index.js", createDenoiser],
    ["denoise-wasm/tiny", "esm/tiny.js", createTinyDenoiser],
    ["build/edge/denoise-all.js", "edge/denoise-all.js", createDenoiser],
    ["build/edge/denoise-tiny-all.js", "edge/denoise-tiny-all.js", createTinyDenoiser],
  ] as const) {
    const expected = await (await create()).denoise({ data, width, height }, { sigma: 25 });
    const isPackage = entry.startsWith("denoise-wasm");
    const worker = isPackage ? await firstInWorkerd(join(folder, basename(entry)), entry) : undefined;
    const script = firstInNode(join(folder, `${basename(entry)}.mjs`), file);
    const times = new Map<string, number[]>();
    for (let i = 0; i < STARTS; i++) {
      for (const [name, start] of [
        ["workerd", worker],
        ["Node", script],
      ] as const) {
        if (!start) continue;
        const { picture, milliseconds } = await start(data);
        if (Buffer.compare(picture, expected.data) !== 0)
          throw new Error(`${entry}, ${name}: another picture`);
        times.set(name, [...(times.get(name) ?? []), milliseconds]);
      }
    }
    for (const [name, values] of times) rows.push({ name: `${entry}, ${name}`, ...timesCells(values) });
  }
  addTable(`Import to first picture, ${STARTS} fresh processes`, rows);
}

/** Denoises a picture in a fresh process. */
type FirstPicture = (picture: Uint8Array) => Promise<{ picture: Uint8Array; milliseconds: number }>;

/**
 * In workerd, it is the request in which a worker imports the package, creates a denoiser and denoises the picture, after one
 * that does nothing. Clocks in a worker stand still, so it is timed outside.
 */
async function firstInWorkerd(folder: string, name: string): Promise<FirstPicture> {
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, "entry.mjs");
  writeFileSync(entry, `export { createDenoiser } from "${name}";\n`);
  await bundleWorker(entry, folder);
  writeFileSync(
    join(folder, "main.js"),
    `export default {
      async fetch(request) {
        const data = new Uint8Array(await request.arrayBuffer());
        if (request.method !== "POST") return new Response("ready");
        const { createDenoiser } = await import("worker.js");
        const denoiser = await createDenoiser();
        return new Response((await denoiser.denoise({ data, width: 28, height: 28 }, { sigma: 25 })).data);
      },
    };`,
  );
  return async (picture) => {
    const worker = await startWorkerd(folder, "main.js");
    const client = new Client(worker.url, 1);
    await client.send(picture, {}, "PUT");
    const { body, milliseconds } = await client.send(picture);
    client.close();
    await worker.stop();
    return { picture: body, milliseconds };
  };
}

/** In Node, it is timed by the process itself. */
function firstInNode(path: string, file: string): FirstPicture {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `const data = Uint8Array.from(JSON.parse(process.argv[2]));
     const start = performance.now();
     const { createDenoiser } = await import(${JSON.stringify(pathToFileURL(resolve("build", file)))});
     const denoiser = await createDenoiser();
     const result = await denoiser.denoise({ data, width: 28, height: 28 }, { sigma: 25 });
     const milliseconds = performance.now() - start;
     console.log(JSON.stringify({ milliseconds, picture: [...result.data] }));`,
  );
  return async (picture) => {
    const { stdout } = await promisify(execFile)(process.execPath, [path, JSON.stringify([...picture])]);
    const { milliseconds, picture: values } = JSON.parse(stdout);
    return { milliseconds, picture: Uint8Array.from(values) };
  };
}
