/**
 * npm run bench:edge: examples/cloudflare-worker in workerd. The time from the import to the first picture, in a worker
 * that imports the package when it is asked to; then 10,000 requests, 16 at a time: the time of each, every answer held
 * against Node's, and memory before and after. What it must refuse, test/bench/edge-load.test.ts sends it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { createDenoiser } from "../src/denoiser/photo.ts";
import { Client, residentBytes } from "../test/support/edge-requests.ts";
import { noisyPictures } from "../test/support/noisy-pictures.ts";
import { bundleWorker, startWorkerd } from "../test/support/workerd.ts";
import { addTable, provenance, writeResults } from "./report.ts";
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

/**
 * The request in which a worker imports the package, creates a denoiser and denoises a picture of 28 × 28, after one
 * that does nothing. Clocks in a worker stand still, so it is timed outside.
 */
async function firstPictures(folder: string): Promise<void> {
  mkdirSync(folder);
  const entry = join(folder, "entry.mjs");
  writeFileSync(entry, 'export { createDenoiser } from "denoise-wasm";\n');
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
  const { noisy: data, width, height } = pictures[0]!;
  const expected = await denoiser.denoise({ data, width, height }, { sigma: 25 });
  const times: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const worker = await startWorkerd(folder, "main.js");
    const client = new Client(worker.url, 1);
    await client.send(data, {}, "PUT");
    const { body, milliseconds } = await client.send(data);
    if (Buffer.compare(body, expected.data) !== 0) throw new Error(`another picture: ${body}`);
    times.push(milliseconds);
    client.close();
    await worker.stop();
  }
  addTable(`Import to first picture, ${STARTS} fresh processes`, [{ name: "workerd", ...timesCells(times) }]);
}
