/**
 * npm run bench:edge: examples/cloudflare-worker in workerd. 10,000 requests, 16 at a time: time of each, memory before
 * and after; then 5,000 broken PNG files; then whether it still answers right. Before that, the time from the import to
 * the first picture, in a worker that imports the package when it is asked to.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { createDenoiser } from "../src/denoiser/denoiser.ts";
import { Client, isRefusal, mutated, residentBytes } from "../test/support/edge-requests.ts";
import { noisyPictures } from "../test/support/noisy-pictures.ts";
import { bundleWorker, startWorkerd } from "../test/support/workerd.ts";
import { digits, printProvenance, printTable, provenance, writeResults } from "./report.ts";

const REQUESTS = 10_000;
const AT_ONCE = 16;
const BROKEN = 5000;
/** For the engine to optimise the code and to find its heap's size. */
const WARM_UP = 3000;

/** Fresh processes of workerd for the time to the first picture. */
const STARTS = 9;

const run = provenance();
printProvenance(run);
const workerd: string = createRequire(import.meta.url)("workerd").version;
const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-edge-"));
const firstPictures = await coldStarts(join(folder, "cold"));
await bundleWorker("examples/cloudflare-worker/worker.js", folder);
const worker = await startWorkerd(folder);
const client = new Client(worker.url, AT_ONCE);
try {
  const pictures = await noisyPictures(100, 25);
  const denoiser = await createDenoiser();
  const expected: Uint8Array[] = [];
  for (const { noisy: data, width, height } of pictures)
    expected.push((await denoiser.denoise({ data, width, height })).data);
  const png = (index: number) => pictures[index % pictures.length]!.png;
  const memory = () => residentBytes(worker.pid) ?? Number.NaN;
  const failures: string[] = [];

  const atStart = memory();
  const first = await client.send(png(0));
  await client.sendAll(WARM_UP, png, () => {});
  const before = memory();
  const times: number[] = [];
  const memories: number[] = [];
  const start = performance.now();
  await client.sendAll(REQUESTS, png, ({ status, body, milliseconds }, index) => {
    times.push(milliseconds);
    if (index % 1000 === 999) memories.push(memory());
    if (status !== 200) failures.push(`request ${index}: ${status} ${body}`);
    else if (Buffer.compare(decode(body).data as Uint8Array, expected[index % expected.length]!) !== 0)
      failures.push(`request ${index}: another picture`);
  });
  const seconds = (performance.now() - start) / 1000;
  const after = memory();

  const broken = { denoised: 0, refused: 0 };
  await client.sendAll(
    BROKEN,
    (index) => mutated(png(index), index),
    (answer, index) => {
      if (answer.status === 200) broken.denoised++;
      else if (isRefusal(answer)) broken.refused++;
      else failures.push(`broken file ${index}: ${answer.status} ${answer.body}`);
    },
  );
  const last = await client.send(png(0));
  if (Buffer.compare(decode(last.body).data as Uint8Array, expected[0]!) !== 0)
    failures.push("after the broken files: another picture");
  failures.push(...worker.messages().split("\n").filter(Boolean));
  if (failures.length > 0) throw new Error(`${failures.length} failures, the first: ${failures[0]}`);

  const sorted = times.toSorted((a, b) => a - b);
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))]!;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  printTable(
    `PNG of 28 × 28 in, PNG out: workerd ${workerd} on one thread, the client beside it`,
    ["", ""],
    [
      ["requests, of which failed", `${REQUESTS}, 0`],
      ["at a time", `${AT_ONCE}`],
      ["requests a second", (REQUESTS / seconds).toFixed(0)],
      ["median, ms", digits(at(0.5))],
      ["99th percentile, ms", digits(at(0.99))],
      ["longest, ms", digits(at(1))],
      ["first request after the start, ms", digits(first.milliseconds)],
      [
        "a request that imports, starts and denoises, ms: median, least, most",
        firstPictures.map(digits).join(", "),
      ],
      ["memory after the start, MB", megabytes(atStart)],
      [`after ${WARM_UP} requests more, MB`, megabytes(before)],
      [`after ${REQUESTS} more, MB`, megabytes(after)],
      ["on the way, MB", memories.map(megabytes).join(", ")],
      ["broken files: refused, denoised", `${broken.refused}, ${broken.denoised}`],
      ["memory after them, MB", megabytes(memory())],
    ],
  );
  writeResults("edge-load", {
    ...run,
    workerd,
    requests: REQUESTS,
    atOnce: AT_ONCE,
    perSecond: REQUESTS / seconds,
    milliseconds: { first: first.milliseconds, median: at(0.5), p99: at(0.99), longest: at(1) },
    residentBytes: { atStart, before, onTheWay: memories, after },
    broken,
    firstPicture: { processes: STARTS, milliseconds: firstPictures },
  });
} finally {
  client.close();
  await worker.stop();
  rmSync(folder, { recursive: true });
}

/**
 * Milliseconds of the request in which a worker imports the package, creates a denoiser and denoises a picture of
 * 28 × 28, after one that does nothing: median, least and most. Clocks in a worker stand still, so it is timed outside.
 */
async function coldStarts(folder: string): Promise<number[]> {
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
  const [picture] = await noisyPictures(1, 25);
  const { noisy: data, width, height } = picture!;
  const expected = await (await createDenoiser()).denoise({ data, width, height }, { sigma: 25 });
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
  const sorted = times.toSorted((a, b) => a - b);
  return [sorted[STARTS >> 1]!, sorted[0]!, sorted.at(-1)!];
}
