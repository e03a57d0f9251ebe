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
import { createDenoiser } from "../src/denoiser/denoiser.ts";
import { Client, residentBytes } from "../test/support/edge-requests.ts";
import { noisyPictures } from "../test/support/noisy-pictures.ts";
import { bundleWorker, startWorkerd } from "../test/support/workerd.ts";
import { digits, percent, printTable, provenance, writeResults } from "./report.ts";
import { summary } from "./turns.ts";

const REQUESTS = 10_000;
const AT_ONCE = 16;
/** For the engine to optimise the code and to find its heap's size. */
const WARM_UP = 3000;
/** Fresh processes of workerd for the time to the first picture. */
const STARTS = 9;

const run = provenance();
const workerd: string = createRequire(import.meta.url)("workerd").version;
const pictures = await noisyPictures(100, 25);
const denoiser = await createDenoiser();
const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-edge-"));
try {
  const firstPicture = summary(await firstPictures(join(folder, "cold")));
  await bundleWorker("examples/cloudflare-worker/worker.js", folder);
  writeResults("edge-load", { ...run, workerd, firstPicture, ...(await load()) });
} finally {
  rmSync(folder, { recursive: true });
}

async function load() {
  const expected: Uint8Array[] = [];
  for (const { noisy: data, width, height } of pictures) {
    expected.push((await denoiser.denoise({ data, width, height })).data);
  }
  const png = (index: number) => pictures[index % pictures.length]!.png;
  const worker = await startWorkerd(folder);
  const client = new Client(worker.url, AT_ONCE);
  const megabytes = () => Math.round((residentBytes(worker.pid) ?? Number.NaN) / 1e6);
  try {
    const memory = { atStart: megabytes(), afterWarmUp: 0, onTheWay: [] as number[] };
    await client.sendAll(WARM_UP, png, () => {});
    memory.afterWarmUp = megabytes();
    const times: number[] = [];
    const failures: string[] = [];
    const start = performance.now();
    await client.sendAll(REQUESTS, png, ({ status, body, milliseconds }, index) => {
      times.push(milliseconds);
      if (index % 1000 === 999) memory.onTheWay.push(megabytes());
      if (status !== 200) failures.push(`request ${index}: ${status} ${body}`);
      else if (Buffer.compare(decode(body).data as Uint8Array, expected[index % expected.length]!) !== 0)
        failures.push(`request ${index}: another picture`);
    });
    const perSecond = (1000 * REQUESTS) / (performance.now() - start);
    failures.push(...worker.messages().split("\n").filter(Boolean));
    if (failures.length > 0) throw new Error(`${failures.length} failures, the first: ${failures[0]}`);
    const sorted = times.toSorted((a, b) => a - b);
    const milliseconds = {
      p99: sorted[Math.round(0.99 * REQUESTS)]!,
      longest: sorted.at(-1)!,
      ...summary(times),
    };
    printTable(
      `PNG of 28 × 28 in, PNG out: workerd ${workerd} on one thread, the client beside it`,
      [`${REQUESTS} requests, ${AT_ONCE} at a time`, ""],
      [
        ["requests a second", perSecond.toFixed(0)],
        ["median, ms", digits(milliseconds.median)],
        ["99th percentile, ms", digits(milliseconds.p99)],
        ["longest, ms", digits(milliseconds.longest)],
        ["memory after the start, MB", `${memory.atStart}`],
        [`after ${WARM_UP} requests more, MB`, `${memory.afterWarmUp}`],
        [`in the next ${REQUESTS}, MB`, memory.onTheWay.join(", ")],
      ],
    );
    return { requests: REQUESTS, atOnce: AT_ONCE, perSecond, milliseconds, megabytes: memory };
  } finally {
    client.close();
    await worker.stop();
  }
}

/**
 * Milliseconds of the request in which a worker imports the package, creates a denoiser and denoises a picture of
 * 28 × 28, after one that does nothing. Clocks in a worker stand still, so it is timed outside.
 */
async function firstPictures(folder: string): Promise<number[]> {
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
  const { median, spread } = summary(times);
  console.log(
    `\nImport to first picture, ${STARTS} fresh processes: ${digits(median)} ms (${percent(spread)})`,
  );
  return times;
}
