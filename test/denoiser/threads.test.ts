/** A denoiser on several threads: the same bytes as on one, whatever is asked of it, and nothing that hangs. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Denoised, Denoiser } from "../../src/denoiser/denoiser.ts";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import type { DenoiseOptions } from "../../src/denoiser/request.ts";
import { DataError, DenoiseError, SpecError } from "../../src/errors.ts";
import type { Picture } from "../../src/pictures/picture.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { networkCases } from "../support/unets.ts";

const pictureOf = (width: number, height: number, channels: number): Picture<Float32Array> => ({
  data: normal(width * height * channels, 4, 25).map((value, i) => value + 128 + 90 * Math.sin(i / 500)),
  width,
  height,
  channels,
});
const inBytes = ({ data, ...size }: Picture<Float32Array>): Picture => ({
  data: Uint8Array.from(Uint8ClampedArray.from(data)),
  ...size,
});

/** What is compared: `toEqual` takes seconds for an array of a hundred thousand values. */
const partsOf = ({ data, ...others }: Denoised) => ({
  ...others,
  sha256: createHash("sha256").update(data).digest("hex"),
});

/** Sizes that stay whole, that are cut once and several times, and of which windows end between multiples of 8. */
const sizes = [
  [1, 1],
  [30, 40],
  [301, 203],
  [700, 90],
  [2100, 37],
] as const;

describe.each([
  ["a chain for grey pictures", { white: 255, hidden: [5] }],
  ["a U-net of three scales", { ...networkCases[2]![1], white: 255 }],
  ["an RGB model that mirrors borders", { channels: 3, hidden: [6], dilations: [2, 1], padding: "reflect" }],
] as const)("the same bytes on 1 to 4 threads: %s", (_, options) => {
  const model = convModel(options as Parameters<typeof convModel>[0]);
  const counts = options && "channels" in options && options.channels === 3 ? [3, 4] : [1, 3, 4];
  const crews: Denoiser[] = [];
  beforeAll(async () => {
    for (const threads of [1, 2, 3, 4]) crews.push(await createDenoiser({ model, threads }));
  });
  afterAll(() => {
    for (const denoiser of crews) denoiser.dispose();
  });

  it("for pictures one by one", async () => {
    expect(crews.map(({ threads }) => threads)).toEqual([1, 2, 3, 4]);
    for (const [width, height] of sizes) {
      for (const channels of counts) {
        const floats = pictureOf(width, height, channels);
        for (const picture of [floats, inBytes(floats)]) {
          const [alone, ...others] = await Promise.all(
            crews.map(async (denoiser) => partsOf(await denoiser.denoise(picture, { sigma: 20 }))),
          );
          expect(alone).not.toEqual({ ...alone, ...partsOf({ ...alone, data: picture.data } as Denoised) });
          for (const other of others) expect(other).toEqual(alone);
        }
      }
    }
  });

  it("for many small pictures at once, and large ones among them", async () => {
    const pictures = Array.from({ length: 40 }, (_, i) =>
      pictureOf(20 + i, i % 9 === 0 ? 700 : 20, counts[i % counts.length]!),
    );
    const [alone, ...others] = await Promise.all(
      crews.map((denoiser) =>
        Promise.all(
          pictures.map(async (picture, i) => {
            const sigma = i % 3 === 0 ? "auto" : 5 + i;
            return partsOf(await denoiser.denoise(picture, { sigma }));
          }),
        ),
      ),
    );
    for (const other of others) expect(other).toEqual(alone);
    expect(new Set(alone!.map(({ sigma }) => sigma)).size).toBe(pictures.length);
  });
});

describe("on two threads", () => {
  const model = convModel({ hidden: [16, 16] });
  const large = pictureOf(900, 500, 1);
  let denoiser: Denoiser;
  let expected: ReturnType<typeof partsOf>;
  beforeAll(async () => {
    denoiser = await createDenoiser({ model, threads: 2 });
    expected = partsOf(await (await createDenoiser({ model })).denoise(large, { sigma: 20 }));
  });
  afterAll(() => denoiser.dispose());
  const isFine = async () => expect(partsOf(await denoiser.denoise(large, { sigma: 20 }))).toEqual(expected);

  it("lets the event loop have its turn, and reports progress up to 1", async () => {
    const seen: number[] = [];
    let turns = 0;
    let turn = setImmediate(function next() {
      turns++;
      turn = setImmediate(next);
    });
    await denoiser.denoise(large, { sigma: 20, onProgress: (part) => seen.push(part) });
    clearImmediate(turn);
    expect(turns).toBeGreaterThan(2);
    expect(seen.length).toBeGreaterThan(5);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
    expect(seen.at(-2)).toBeLessThan(1);
  });

  it("stops when it is told to, and goes on with other pictures", async () => {
    const control = new AbortController();
    const reason = new Error("enough");
    let calls = 0;
    const onProgress = () => {
      calls++;
      control.abort(reason);
    };
    const stopped = denoiser.denoise(large, { sigma: 20, signal: control.signal, onProgress });
    const others = [isFine(), isFine()];
    await expect(stopped).rejects.toBe(reason);
    await Promise.all(others);
    expect(calls).toBe(1);
    await expect(denoiser.denoise(large, { signal: control.signal })).rejects.toBe(reason);
    await isFine();
  });

  it("finds the noise of Buffers, which share their memory with others", async () => {
    const small = inBytes(pictureOf(80, 80, 1));
    const found = partsOf(await denoiser.denoise(small));
    expect(found.sigma).toBeGreaterThan(0);
    const calls = [1, 2, 3, 4, 5].map(() => denoiser.denoise({ ...small, data: Buffer.from(small.data) }));
    for (const one of await Promise.all(calls)) {
      expect(one.data).toBeInstanceOf(Buffer);
      expect(partsOf(one)).toEqual(found);
    }
  });

  it("stops when it is told to while the noise is being found", async () => {
    const reason = new Error("enough");
    const small = pictureOf(80, 80, 1);
    const found = await denoiser.denoise(small);
    const controls = [1, 2, 3, 4, 5].map(() => new AbortController());
    const calls = controls.map(({ signal }) => denoiser.denoise(small, { signal }));
    await undefined;
    for (const control of controls.slice(1)) control.abort(reason);
    const [first, ...stopped] = await Promise.allSettled(calls);
    expect(first).toEqual({ status: "fulfilled", value: found });
    for (const one of stopped) expect(one).toEqual({ status: "rejected", reason });
  });

  it("is stopped by an error of a callback and by pictures that are none, each for its call alone", async () => {
    const reason = new Error("mine");
    const onProgress = () => {
      throw reason;
    };
    const results = await Promise.allSettled([
      denoiser.denoise(large, { sigma: 20, onProgress }),
      denoiser.denoise(large, { sigma: -1 }),
      denoiser.denoise({ data: new Uint8Array(5), width: 2, height: 2 }),
      denoiser.denoise(large, { sigma: 0 }),
      isFine(),
    ]);
    const reasons = results.map((result) => result.status === "rejected" && result.reason);
    expect(reasons[0]).toBe(reason);
    expect(reasons.map((error) => error?.name)).toEqual([
      "Error",
      "SpecError",
      "DataError",
      undefined,
      undefined,
    ]);
  });

  it("says of each of many pictures what is wrong with it", async () => {
    const reason = new Error("mine");
    const onProgress = () => {
      throw reason;
    };
    const small = pictureOf(90, 70, 1);
    const broken = { ...small, data: small.data.with(99, Number.NaN) };
    const alone = partsOf(await (await createDenoiser({ model })).denoise(small, { sigma: 20 }));
    const wishes = Array.from({ length: 12 }, (_, i) => ["fine", "broken", "mine"][i % 3]!);
    const results = await Promise.allSettled(
      wishes.map((wish) =>
        denoiser.denoise(wish === "broken" ? broken : small, {
          sigma: 20,
          ...(wish === "mine" && { onProgress }),
        }),
      ),
    );
    for (const [index, result] of results.entries()) {
      if (wishes[index] === "fine")
        expect(result.status === "fulfilled" && partsOf(result.value)).toEqual(alone);
      else if (wishes[index] === "mine") expect(result).toEqual({ status: "rejected", reason });
      else
        expect(result).toEqual({
          status: "rejected",
          reason: new DataError(
            "The picture's value 99 is NaN. Give finite values, and as `range` those of black and white.",
          ),
        });
    }
  });

  it("rejects what has not ended when it is disposed of", async () => {
    const other = await createDenoiser({ model, threads: 2 });
    const calls = [1, 2, 3].map(() => other.denoise(large, { sigma: 20 }));
    const later = calls[0]!.catch(() => other.denoise(large));
    await new Promise((resolve) => setTimeout(resolve, 20));
    other.dispose();
    for (const call of [...calls, later]) await expect(call).rejects.toThrow(/disposed of/);
    await expect(other.denoise(large)).rejects.toBeInstanceOf(DenoiseError);
  });

  it("refuses what is no number of threads", async () => {
    for (const threads of [0, -1, 1.5, Number.NaN, Infinity, "2", null]) {
      const options = { model, threads } as Parameters<typeof createDenoiser>[0];
      await expect(createDenoiser(options)).rejects.toThrow(SpecError);
    }
  });
});

describe("if workers fail", () => {
  const model = convModel({ hidden: [16, 16] });
  const large = pictureOf(900, 500, 1);
  const options: DenoiseOptions = { sigma: 20 };
  const threadsModule = process.getBuiltinModule("node:worker_threads");
  const { Worker } = threadsModule;
  afterAll(() => {
    threadsModule.Worker = Worker;
  });

  /** The workers that are started from now on. */
  function watchedWorkers(): InstanceType<typeof Worker>[] {
    const workers: InstanceType<typeof Worker>[] = [];
    threadsModule.Worker = class extends Worker {
      constructor(...parameters: ConstructorParameters<typeof Worker>) {
        super(...parameters);
        workers.push(this);
      }
    };
    return workers;
  }

  it("that run, the other threads do their work", async () => {
    const workers = watchedWorkers();
    const expected = partsOf(await (await createDenoiser({ model })).denoise(large, options));
    using denoiser = await createDenoiser({ model, threads: 3 });
    expect(workers).toHaveLength(2);
    let isFirst = true;
    const seen: number[] = [];
    const onProgress = (part: number) => {
      seen.push(part);
      if (isFirst) void workers[0]!.terminate();
      isFirst = false;
    };
    expect(partsOf(await denoiser.denoise(large, { ...options, onProgress }))).toEqual(expected);
    expect(denoiser.threads).toBe(2);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    await workers[1]!.terminate();
    expect(partsOf(await denoiser.denoise(large, options))).toEqual(expected);
    expect(denoiser.threads).toBe(1);
  });

  it("that have pictures of their own, the other threads denoise these", async () => {
    const workers = watchedWorkers();
    const alone = await createDenoiser({ model });
    using denoiser = await createDenoiser({ model, threads: 3 });
    const pictures = Array.from({ length: 12 }, (_, i) => pictureOf(200 + i, 150, 1));
    const calls = pictures.map((picture) => denoiser.denoise(picture, options));
    // The first picture is a worker's, and when it is done others are on their way to that one.
    void calls[0]!.then(() => workers[0]!.terminate());
    for (const [index, one] of (await Promise.all(calls)).entries())
      expect(partsOf(one)).toEqual(partsOf(await alone.denoise(pictures[index]!, options)));
    expect(denoiser.threads).toBe(2);
  });

  it("to start, fewer run", async () => {
    threadsModule.Worker = class extends Worker {
      constructor() {
        super("throw new Error('no worker today')", { eval: true });
      }
    };
    using denoiser = await createDenoiser({ model, threads: 3 });
    expect(denoiser.threads).toBe(1);
    expect((await denoiser.denoise(pictureOf(30, 20, 1), options)).width).toBe(30);
    threadsModule.Worker = class {
      constructor() {
        throw new Error("not permitted");
      }
    } as unknown as typeof Worker;
    using other = await createDenoiser({ model, threads: 3 });
    expect(other.threads).toBe(1);
  });
});
