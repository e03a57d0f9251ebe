/** examples/cloudflare-worker in workerd under load, and given what it must refuse. npm run bench:edge does it longer. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { fileTargets } from "../fuzz/file-targets.ts";
import { inputOf } from "../fuzz/fuzzing.ts";
import { Client, isRefusal, mutated, residentBytes } from "../support/edge-requests.ts";
import { type NoisyPicture, noisyPictures } from "../support/noisy-pictures.ts";
import { pngBytes } from "../support/png-bytes.ts";
import { bundleWorker, startWorkerd, type Worker } from "../support/workerd.ts";

/** With `DENOISE_REQUESTS`, as many broken files are sent as it says. */
const broken = Number(process.env.DENOISE_REQUESTS ?? 1000);
const fuzzed = fileTargets.find(({ name }) => name === "PNG")!;

describe("a worker that denoises PNG files", () => {
  let folder: string;
  let worker: Worker;
  let client: Client;
  let pictures: NoisyPicture[];
  let expected: Uint8Array[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-load-"));
    await bundleWorker("examples/cloudflare-worker/worker.js", folder);
    worker = await startWorkerd(folder);
    client = new Client(worker.url, 16);
    pictures = await noisyPictures(20, 25);
    const denoiser = await createDenoiser();
    expected = [];
    for (const { noisy: data, width, height } of pictures)
      expected.push((await denoiser.denoise({ data, width, height })).data);
  });
  afterAll(async () => {
    client?.close();
    await worker?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const png = (index: number) => pictures[index % pictures.length]!.png;
  async function expectAnswer(): Promise<void> {
    const { status, body } = await client.send(png(0));
    expect([status, new Uint8Array(decode(body).data)]).toEqual([200, expected[0]]);
  }

  it("answers 1,000 requests, 16 at a time, each right, in memory that stays", async () => {
    await client.sendAll(1000, png, () => {});
    const before = residentBytes(worker.pid);
    const wrong: string[] = [];
    let answered = 0;
    await client.sendAll(1000, png, ({ status, type, body }, index) => {
      answered++;
      if (status !== 200 || type !== "image/png") wrong.push(`${status} ${type} ${body}`);
      else if (Buffer.compare(decode(body).data as Uint8Array, expected[index % expected.length]!) !== 0)
        wrong.push(`picture ${index} differs`);
    });
    expect(wrong).toEqual([]);
    expect(answered).toBe(1000);
    // Less than if each request left a wasm memory behind, which is one page at least.
    const after = residentBytes(worker.pid);
    if (before && after) expect(after - before).toBeLessThan(1000 * 65_536);
  });

  it("refuses what is no request for a picture", async () => {
    const grey = (width: number, height: number) =>
      pngBytes({ width, height, colorType: 0, values: new Uint8Array(width * height) });
    const first = png(0);
    // Answered before the rest is sent.
    const tooLong = { "content-length": `${8 * 2 ** 20 + 1}`, connection: "close" };
    const refusals = {
      "another method": [405, await client.send(first, {}, "PUT")],
      "no body": [405, await client.send(new Uint8Array(), {}, "GET")],
      "another type": [415, await client.send(first, { "content-type": "image/jpeg" })],
      "type of a form": [415, await client.send(first, { "content-type": "multipart/form-data" })],
      "an empty body": [400, await client.send(new Uint8Array())],
      "a text": [400, await client.send(Buffer.from("hello"))],
      "half a file": [400, await client.send(first.subarray(0, first.length / 2))],
      "too many bytes": [413, await client.send(first, tooLong)],
      "too many pixels": [400, await client.send(grey(2049, 2048))],
      "many pixels said, few there": [400, await client.send(claiming(first, 2048, 2048))],
      "a huge header": [415, await client.send(first, { "content-type": "x".repeat(60_000) })],
    } as const;
    for (const [what, [status, answer]] of Object.entries(refusals)) {
      expect([what, answer.status, answer.body.toString()]).toEqual([what, status, expect.any(String)]);
      expect([what, isRefusal(answer)]).toEqual([what, true]);
    }
    // More than it takes at all is refused by workerd itself, in its own words.
    expect((await client.send(first, { "x-huge": "x".repeat(2 ** 20) })).status).toBe(431);
    await expectAnswer();
  });

  it(`answers after ${broken} broken files, of which none was more than refused`, async () => {
    const counts = { denoised: 0, refused: 0 };
    const wrong: string[] = [];
    await client.sendAll(
      broken,
      // Every other one broken as the fuzzer does it, within the format.
      (index) => (index % 2 ? mutated(png(index), index) : (inputOf(fuzzed, 3, index) as Uint8Array)),
      (answer, index) => {
        if (answer.status === 200) counts.denoised++;
        else if (isRefusal(answer)) counts.refused++;
        else wrong.push(`${index}: ${answer.status} ${answer.body}`);
      },
    );
    expect(wrong).toEqual([]);
    // Both happen, so that the files are neither all hopeless nor all whole.
    expect(counts.denoised).toBeGreaterThan(broken / 50);
    expect(counts.refused).toBeGreaterThan(broken / 2);
    expect(worker.messages()).toBe("");
    await expectAnswer();
  }, 600_000);
});

/** The file with another size in its header, checksum and all. */
function claiming(png: Uint8Array, width: number, height: number): Uint8Array {
  const claimed = pngBytes({ width, height, colorType: 0, values: new Uint8Array(width * height) });
  return Uint8Array.from([...claimed.subarray(0, 33), ...png.subarray(33)]);
}
