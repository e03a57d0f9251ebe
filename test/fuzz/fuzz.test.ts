/**
 * Every reader, given inputs that were made to harm it, takes them or throws one of its own errors, in time and in memory.
 * `npm run fuzz` does this for as long as it is asked to; here are some inputs of each kind, and those that once did harm.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { Random } from "../../src/noise/rng.ts";
import { header, pngOf } from "../support/png-bytes.ts";
import { faultOf, fuzz, type Target } from "./fuzzing.ts";
import { Chance, mutateBytes, mutateJson } from "./mutations.ts";
import { targets } from "./targets.ts";

const call = (name: string, options: unknown) => ({ name, options });
const grey = header(1, 1, [8, 0, 0, 0, 0]);

/** Inputs that once did harm, by target, and what they did. */
const found: Record<string, [what: string, input: unknown][]> = {
  PNG: [
    [
      "a name of a chunk that a terminal obeys, in the message",
      pngOf([
        ["IHDR", grey],
        ["I\u009b2J", grey],
      ]),
    ],
  ],
  options: [
    ["loadPhotos without a patch: TypeError", call("loadPhotos", undefined)],
    [
      "channels that cannot be written: TypeError",
      call("loadPhotos", { channels: Symbol("x"), width: 8, height: 8 }),
    ],
    ["metadata with a text that is none: TypeError", call("encodePng", { metadata: { text: [{}] } })],
    ["metadata whose text is no list: TypeError", call("encodePng", { metadata: { text: {} } })],
    ["metadata that is null: TypeError", call("encodePng", { metadata: null })],
    ["metadata whose text is no list, for JPEG: TypeError", call("encodeJpeg", { metadata: { text: 4 } })],
    ["metadata with a profile that is none: TypeError", call("encodeJpeg", { metadata: { icc: [] } })],
    ["a resolution that an object has by birth: taken", call("encodeJpeg", { chroma: "toString" })],
    ["a resolution that cannot be written: TypeError", call("encodeJpeg", { chroma: Object.create(null) })],
    ["a list of models with holes: TypeError", call("createDenoiser", { model: new Array(2) })],
    ["a limit that is no number: TypeError", call("decodePng", { maxPixels: Symbol("x") })],
    ["a path that a terminal obeys, in the message", call("createDenoiser", { model: "\u001b[2J\u009b" })],
  ],
};

describe.each(targets.map((target) => [target.name, target] as const))("%s", (name, target) => {
  it("takes 300 inputs, or refuses them by an error of its own", async () => {
    const { findings, taken } = await fuzz(target, { seed: 2, isEnough: (inputs) => inputs >= 300 });
    expect(findings).toEqual([]);
    // Some get through, and some do not, so that the inputs are neither all sound nor all hopeless.
    expect(taken).toBeGreaterThan(4);
    expect(taken).toBeLessThan(290);
  });

  it.each(found[name] ?? [])("refuses what once did harm: %s", async (_, input) => {
    expect(await faultOf(target, input)).toMatchObject({ isTaken: false });
    expect((await faultOf(target, input)).fault).toBeUndefined();
  });
});

describe("what a fuzzer would report:", () => {
  const report = async (take: Target["take"]) => {
    const target: Target = { name: "none", make: () => 0, take, errors: [DataError] };
    return (await fuzz(target, { seed: 1, isEnough: (inputs) => inputs >= 1 })).findings.map(
      ({ what }) => what,
    );
  };

  it("errors of other kinds, messages that are too long or that a terminal obeys, and what takes too long", async () => {
    const thrown = (error: Error) =>
      report(() => {
        throw error;
      });
    expect(await thrown(new TypeError("x"))).toEqual([expect.stringMatching(/^throws TypeError: x/)]);
    expect(await thrown(new DataError("\u009b2J"))).toEqual([expect.stringMatching(/^says /)]);
    expect(await thrown(new DataError("x".repeat(3000)))).toEqual(["says 3000 characters"]);
    expect(await thrown(new DataError("x"))).toEqual([]);
    const slow = await report(() => {
      let sum = 0;
      for (const start = process.cpuUsage().user; process.cpuUsage().user - start < 2.1e6; )
        for (let i = 0; i < 1e6; i++) sum = Math.sqrt(sum + i);
    });
    expect(slow).toEqual([expect.stringMatching(/^takes \d+(\.\d+)? ms$/)]);
    const large = () =>
      report(() => {
        const pages = new Uint8Array(2 ** 29 + 2 ** 28);
        for (let i = 0; i < pages.length; i += 4096) pages[i] = 1;
      });
    expect(await large()).toEqual([expect.stringMatching(/^takes \d+ bytes$/)]);
    // What the first one held is not to be given back within the second one.
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
    // Elsewhere the next one is only seen if it takes more than all before it.
    if (process.platform === "linux")
      expect(await large()).toEqual([expect.stringMatching(/^takes \d+ bytes$/)]);
  });

  it("the same inputs come from the same seed, others from another", () => {
    const made = (seed: number, index: number) => {
      const chance = new Chance(new Random(seed, 0, index));
      return [mutateBytes(Uint8Array.of(1, 2, 3, 4, 5, 6), chance), mutateJson({ a: [1, { b: 2 }] }, chance)];
    };
    expect(made(1, 5)).toEqual(made(1, 5));
    expect(
      new Set(Array.from({ length: 50 }, (_, index) => JSON.stringify(made(1, index)))).size,
    ).toBeGreaterThan(40);
    expect(made(1, 5)).not.toEqual(made(2, 5));
  });
});
