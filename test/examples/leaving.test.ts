/**
 * The examples for Node and for Cloudflare Workers where clients leave, send rubbish, and come in crowds. With
 * `DENOISE_REQUESTS`, as many are sent as it says.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, type ClientRequest, type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { Random } from "../../src/noise/rng.ts";
import { mutated, residentBytes } from "../support/edge-requests.ts";
import { start } from "../support/example-runs.ts";
import { noisyPictures } from "../support/noisy-pictures.ts";
import { pngBytes } from "../support/png-bytes.ts";
import { bundleWorker, startWorkerd } from "../support/workerd.ts";

const count = Number(process.env.DENOISE_REQUESTS ?? 400);
const atOnce = 16;

interface Server {
  readonly url: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

async function node(folder: string): Promise<Server> {
  const outfile = join(folder, "server.mjs");
  const built = (name: string) => resolve("build/esm", name);
  await build({
    entryPoints: ["examples/node-http/server.js"],
    bundle: true,
    format: "esm",
    platform: "node",
    alias: { "denoise-wasm/png": built("png.js"), "denoise-wasm": built("index.js") },
    external: ["./team.js"],
    outfile,
    logLevel: "error",
  });
  return start(folder, process.execPath, [outfile]);
}

async function worker(folder: string): Promise<Server> {
  await bundleWorker("examples/cloudflare-worker/worker.js", folder);
  return startWorkerd(folder);
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

describe.each(Object.entries({ "node-http": node, "cloudflare-worker": worker }))("%s", (name, starts) => {
  let folder: string;
  let server: Server;
  let pictures: Awaited<ReturnType<typeof noisyPictures>>;
  let expected: Uint8Array[];
  const agent = new Agent({ keepAlive: true });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-leaving-"));
    server = await starts(folder);
    pictures = await noisyPictures(20, 25);
    const denoiser = await createDenoiser();
    expected = [];
    for (const { noisy: data, width, height } of pictures)
      expected.push((await denoiser.denoise({ data, width, height })).data);
  });
  afterAll(async () => {
    agent.destroy();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The answer, or undefined if the connection was closed, as `leave` may do. */
  function send(
    body: Uint8Array,
    leave?: (sent: ClientRequest) => void,
    path = "",
  ): Promise<Answer | undefined> {
    return new Promise((settle) => {
      const headers = { "content-type": "image/png", "content-length": `${body.length}` };
      const sent = request(
        server.url + path,
        { method: "POST", agent: leave ? false : agent, headers },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part) => parts.push(part));
          response.on("error", () => settle(undefined));
          response.on("end", () =>
            settle({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
          );
        },
      );
      sent.on("error", () => settle(undefined));
      sent.on("close", () => settle(undefined));
      sent.end(body);
      leave?.(sent);
    });
  }

  const isRight = (answer: Answer | undefined, index: number) =>
    answer?.status === 200 &&
    Buffer.compare(decode(answer.body).data as Uint8Array, expected[index % expected.length]!) === 0;
  const isBusy = (answer: Answer | undefined) =>
    answer?.status === 503 &&
    Number(answer.headers["retry-after"]) > 0 &&
    "error" in JSON.parse(`${answer.body}`);
  const png = (index: number) => pictures[index % pictures.length]!.png;

  function noise(length: number): Uint8Array {
    const random = new Random(8, 0, 0);
    return Uint8Array.from({ length }, () => 100 + 60 * random.uniform());
  }

  /** A good request is answered in this many milliseconds. */
  async function millisecondsOfNext(): Promise<number> {
    const begun = performance.now();
    expect(isRight(await send(png(0)), 0)).toBe(true);
    return performance.now() - begun;
  }

  async function storm(): Promise<Record<string, number>> {
    const counts = { right: 0, refused: 0, left: 0, busy: 0, wrong: 0 };
    let next = 0;
    const one = async () => {
      while (next < count) {
        const index = next++;
        const random = new Random(7, 0, index);
        const kind = Math.floor(10 * random.uniform());
        if (kind === 0) {
          const wait = 20 * random.uniform();
          await send(png(index), (sent) => {
            setTimeout(() => (index % 2 ? sent.destroy() : sent.socket?.resetAndDestroy()), wait);
          });
          counts.left++;
          continue;
        }
        const answer = await send(kind === 1 ? mutated(png(index), index) : png(index));
        if (isBusy(answer)) counts.busy++;
        else if (kind === 1 && answer?.status === 400) counts.refused++;
        else if (kind === 1 ? answer?.status === 200 : isRight(answer, index)) counts.right++;
        else counts.wrong++;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
    return counts;
  }

  it(`answers ${count} requests, ${atOnce} at a time, of which some leave and some send rubbish`, async () => {
    await storm();
    const before = residentBytes(server.pid);
    const counts = await storm();
    expect(counts.wrong, JSON.stringify(counts)).toBe(0);
    expect(counts.left).toBeGreaterThan(0.05 * count);
    expect(counts.refused).toBeGreaterThan(0.05 * count);
    // Those who have left hold their places only for moments.
    expect(counts.right).toBeGreaterThan(0.6 * count);
    expect(await millisecondsOfNext()).toBeLessThan(1000);
    const after = residentBytes(server.pid);
    // Less than if each request left a wasm memory behind, which is one page at least, or those that left a place.
    if (before && after) expect(after - before).toBeLessThan(Math.max(count * 65_536, 3e7));
  }, 600_000);

  it("refuses those for whom there is no place, and answers all others", async () => {
    const [width, height] = [128, 128];
    const small = pngBytes({ width, height, colorType: 0, values: noise(width * height) });
    const crowd = await Promise.all(Array.from({ length: 40 }, () => send(small)));
    const answered = crowd.filter((answer) => answer?.status === 200).length;
    expect(answered).toBeGreaterThanOrEqual(16);
    expect(crowd.filter(isBusy)).toHaveLength(40 - answered);
    expect(answered).toBeLessThan(40);
    expect(await millisecondsOfNext()).toBeLessThan(1000);
  });

  it("does not denoise what nobody waits for", async () => {
    // Noise, which takes about half a second; ten of them are as many bytes as the worker takes at a time.
    const [width, height] = [768, 512];
    const large = pngBytes({ width, height, colorType: 0, values: noise(width * height) });
    const alone = performance.now();
    expect((await send(large))?.status).toBe(200);
    const milliseconds = performance.now() - alone;

    const crowd = await Promise.all(
      Array.from({ length: 10 }, () =>
        send(large, (sent) => setTimeout(() => sent.socket?.resetAndDestroy(), 300)),
      ),
    );
    expect(crowd.filter((answer) => answer === undefined).length).toBeGreaterThan(7);
    // In the worker, the picture at work is denoised to its end; the others would take almost ten times as long.
    expect(await millisecondsOfNext()).toBeLessThan(name === "node-http" ? 1000 : 2 * milliseconds + 500);
  }, 120_000);

  it("says 400 to an address that is none, if it comes to that", async () => {
    const answer = await send(png(0), undefined, "/");
    expect(answer?.status).toBe(name === "node-http" ? 400 : 200);
    expect(isRight(await send(png(0)), 0)).toBe(true);
  });
});
