/** A denoiser in a worker of its own. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BrowserDenoiserOptions, createDenoiser } from "../../src/browser.ts";
import type { Denoiser } from "../../src/denoiser/denoiser.ts";
import type { DenoiseOptions } from "../../src/denoiser/request.ts";
import { DataError, DenoiseError, ModelFileError, SpecError } from "../../src/errors.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";

const model = convModel({ white: 255 });

function picture(width: number, height: number): ImageData {
  const noise = normal(4 * width * height, 1, 40);
  return new ImageData(
    Uint8ClampedArray.from(noise, (value) => 128 + value),
    width,
    height,
  );
}

describe("a remote denoiser", () => {
  let remote: Denoiser;
  let local: Denoiser;
  beforeAll(async () => {
    [remote, local] = await Promise.all([createDenoiser({ model, worker: true }), createDenoiser({ model })]);
  });
  afterAll(() => remote.dispose());

  it("gives what one on this thread gives, and leaves the picture alone", async () => {
    const image = picture(57, 43);
    const before = image.data.slice();
    const done: number[] = [];
    const there = await remote.denoise(image, { sigma: 20, onProgress: (part) => done.push(part) });
    const here = await local.denoise(image, { sigma: 20 });
    expect(there).toEqual(here);
    expect(there.data).not.toEqual(before);
    expect(image.data).toEqual(before);
    expect(done.at(-1)).toBe(1);
    expect(remote.variant).toBe(local.variant);
  });

  it("is handed the picture where it is told so", async () => {
    const image = { data: normal(40 * 30, 2, 50), width: 40, height: 30 };
    const expected = await local.denoise({ ...image, data: image.data.slice() });
    expect(await remote.denoise(image, { transfer: true })).toEqual(expected);
    expect(image.data.length).toBe(0);
  });

  it("can be told to stop, and goes on with the next picture", async () => {
    const control = new AbortController();
    const reason = new Error("enough");
    const large = remote.denoise(new ImageData(2000, 1500), {
      sigma: 20,
      signal: control.signal,
      onProgress: () => control.abort(reason),
    });
    await expect(large).rejects.toBe(reason);
    await expect(remote.denoise(picture(5, 5), { signal: control.signal })).rejects.toBe(reason);
    expect((await remote.denoise(picture(20, 20), { sigma: 20 })).width).toBe(20);
  });

  it("fails with the package's own errors", async () => {
    const wrong = { data: new Uint8Array(5), width: 2, height: 2 };
    await expect(remote.denoise(wrong)).rejects.toBeInstanceOf(DataError);
    await expect(remote.denoise(picture(4, 4), { strength: 2 })).rejects.toBeInstanceOf(SpecError);
    const broken = createDenoiser({ model: new Uint8Array(9), worker: true });
    await expect(broken).rejects.toBeInstanceOf(ModelFileError);
    const lost = createDenoiser({ model, worker: new URL("/no-such-worker.js", location.href) });
    await expect(lost).rejects.toThrow(/worker failed.*Pass the address/);
  });

  it("refuses options of the wrong type, and what is no picture", async () => {
    const image = picture(4, 4);
    for (const options of [{ transfer: "yes" }, { signal: {} }, { onProgress: true }]) {
      await expect(remote.denoise(image, options as unknown as DenoiseOptions)).rejects.toBeInstanceOf(
        SpecError,
      );
    }
    for (const none of [undefined, null, {}]) {
      const denoised = remote.denoise(none as unknown as ImageData, { transfer: true });
      await expect(denoised).rejects.toBeInstanceOf(DataError);
    }
    for (const options of [{ worker: 5 }, { worker: true, mode: "quick" }, { worker: true, model: 5 }]) {
      await expect(createDenoiser(options as unknown as BrowserDenoiserOptions)).rejects.toBeInstanceOf(
        SpecError,
      );
    }
  });

  it("takes a model from a Response, a stream, a Blob or an address, and says what it cannot take", async () => {
    const bytes = encodeModel(model);
    const image = picture(30, 20);
    const expected = (await remote.denoise(image, { sigma: 20 })).data;
    const address = URL.createObjectURL(new Blob([bytes]));
    const blob = new Blob([bytes]);
    for (const source of [new Response(bytes), blob.stream(), blob, address, new URL(address)]) {
      using denoiser = await createDenoiser({ worker: true, model: source });
      expect((await denoiser.denoise(image, { sigma: 20 })).data).toEqual(expected);
    }
    const page = new Response("<!doctype html><title>Not found</title>");
    await expect(createDenoiser({ worker: true, model: page })).rejects.toThrow(/is a web page/);
    const lost = new Response("no", { status: 404 });
    await expect(createDenoiser({ worker: true, model: lost })).rejects.toThrow(/model cannot be read.*404/);
    const promise = Promise.resolve(bytes) as never;
    await expect(createDenoiser({ worker: true, model: promise })).rejects.toThrow(/a promise: await it/);
    const wasm = Promise.resolve(new Uint8Array(8)) as never;
    await expect(createDenoiser({ worker: true, wasm })).rejects.toThrow(/^wasm .*a promise: await it/);
    const options = { worker: true, mode: () => "fast" } as never;
    await expect(createDenoiser(options)).rejects.toBeInstanceOf(SpecError);
    await expect(createDenoiser({ worker: true, Mode: "fast" } as never)).rejects.toThrow(/no option "Mode"/);
    await expect(createDenoiser({ worker: null } as never)).rejects.toThrow(/^worker has to be/);
    await expect(remote.denoise(image, { Sigma: 5 } as never)).rejects.toThrow(/no option "Sigma"/);
  });

  it("gives every kind of array back, and a picture as it was at the call", async () => {
    const { data } = picture(30, 20);
    const kinds = [
      Uint8Array.from(data),
      Uint16Array.from(data, (v) => 257 * v),
      Float32Array.from(data, (v) => v / 255),
    ];
    for (const values of kinds) {
      const range = values instanceof Float32Array ? ([0, 1] as const) : undefined;
      const given = { data: values.slice(), width: 30, height: 20 };
      const running = remote.denoise(given, { sigma: 20, range });
      given.data.fill(0);
      structuredClone(given.data.buffer, { transfer: [given.data.buffer] });
      const local = await createDenoiser({ model });
      const expected = await local.denoise({ ...given, data: values }, { sigma: 20, range });
      expect(await running).toEqual(expected);
    }
  });

  it("ends what it does when it is disposed of", async () => {
    const other = await createDenoiser({ model, worker: true });
    const running = other.denoise(new ImageData(2000, 1500), { sigma: 20 });
    other.dispose();
    await expect(running).rejects.toBeInstanceOf(DenoiseError);
    await expect(other.denoise(picture(4, 4))).rejects.toThrow(/disposed of/);
  });
});

describe("on several threads in a page", () => {
  it("gives the same bytes for one picture and for many, in both qualities", async () => {
    using team = await createDenoiser({ model, threads: 3 });
    using local = await createDenoiser({ model });
    expect([team.threads, local.threads]).toEqual([3, 1]);
    const large = picture(700, 90);
    expect(await team.denoise(large, { sigma: 20 })).toEqual(await local.denoise(large, { sigma: 20 }));
    const many = Array.from({ length: 20 }, (_, i) => picture(20 + i, 30));
    const [there, here] = await Promise.all(
      [team, local].map((denoiser) =>
        Promise.all(many.map((image) => denoiser.denoise(image, { sigma: 20, quality: "best" }))),
      ),
    );
    expect(there).toEqual(here);
    const wrong = createDenoiser({ model, threads: 0 });
    await expect(wrong).rejects.toBeInstanceOf(SpecError);
  });

  it("goes on without a helper that dies", async () => {
    const started: Worker[] = [];
    const { Worker: Real } = globalThis;
    globalThis.Worker = class extends Real {
      constructor(...parameters: ConstructorParameters<typeof Real>) {
        super(...parameters);
        started.push(this);
      }
    };
    try {
      using team = await createDenoiser({ model, threads: 2 });
      using local = await createDenoiser({ model });
      const large = picture(700, 300);
      const running = team.denoise(large, { sigma: 20 });
      const helper = started[1]!;
      helper.terminate();
      helper.dispatchEvent(new ErrorEvent("error", { message: "it is gone" }));
      expect(await running).toEqual(await local.denoise(large, { sigma: 20 }));
      expect(team.threads).toBe(1);
    } finally {
      globalThis.Worker = Real;
    }
  });

  it("needs the worker", async () => {
    const without = createDenoiser({ model, threads: 2, worker: false });
    await expect(without).rejects.toThrow(/use createDenoiser of denoise-wasm\/browser/);
  });
});
