import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { calibrationOf, noiseLevels, parseCalibration } from "../../src/learning/calibration.ts";
import { KNOTS, LearnedTransform } from "../../src/learning/transform.ts";

const places = Float64Array.from({ length: KNOTS }, (_, k) => (255 * k) / (KNOTS - 1));
const transform = new LearnedTransform(places, 5 / 3);
const calibration = calibrationOf(transform, { black: 0, step: 1 }, false);

describe("a calibration", () => {
  it("comes through JSON, in less than 4 KB", () => {
    const text = JSON.stringify(calibration);
    expect(text.length).toBeLessThan(4096);
    expect(parseCalibration(text)).toEqual(calibration);
    expect(parseCalibration(JSON.parse(text))).toEqual(calibration);
  });

  it("keeps places apart that are close together far from black", () => {
    const { places } = parseCalibration(calibrationOf(transform, { black: 10_000, step: 1e-5 }, false));
    expect(places[64]! - 10_000).toBeCloseTo((255e-5 * 64) / 127, 7);
  });

  it("tells the noise at each value", () => {
    // Numbers are kept to seven digits.
    for (const level of noiseLevels(calibration, [-10, 0, 77, 255, 300]))
      expect(level / 15).toBeCloseTo(1, 5);
  });

  it.each<[string, unknown, RegExp]>([
    ["a text that is no JSON", "{", /^camera.json is not JSON\. Use one that `calibrate` made\.$/],
    ["a model", { spec: {} }, /^camera.json is not of the format "denoise-wasm calibration 1"/],
    ["nothing", undefined, /not of the format/],
    ["a promise", Promise.resolve(calibration), /not of the format/],
    ["more than there should be", { ...calibration, more: 1 }, /has something else, "more"/],
    ["too few places", { ...calibration, places: [0, 1] }, /`places` that are not 128 growing numbers/],
    ["values that fall", { ...calibration, values: [...calibration.values].reverse() }, /`values` that/],
    ["values that are none", { ...calibration, values: calibration.values.map(String) }, /`values` that/],
    ["no slope", { ...calibration, slope: 0 }, /a `slope` that is not above 0/],
    ["no word on neighbours", { ...calibration, spread: 1 }, /does not say whether the noise is `spread`/],
    ["an offset of NaN", { ...calibration, offset: Number.NaN }, /an `offset` that is no number/],
  ])("is not %s", (_, given, message) => {
    const parse = () => parseCalibration(given, "camera.json");
    expect(parse).toThrow(DataError);
    expect(parse).toThrow(message);
  });
});
