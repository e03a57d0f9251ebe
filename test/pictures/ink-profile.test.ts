/** JPEG files of inks with a profile: libvips's colours, and a profile that is broken is left alone. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { decodeJpeg } from "../../src/pictures/jpeg.ts";
import { concatenate } from "../support/bytes.ts";
import { inkProfile } from "../support/icc-profiles.ts";

const sharp = (await import("sharp").catch(() => undefined))?.default;
const file = new Uint8Array(await readFile(new URL("../fixtures/pictures/cases/cmyk.jpg", import.meta.url)));

/** The file with a profile in a segment of its own. */
function withProfile(profile: Uint8Array): Uint8Array {
  const name = Buffer.from("ICC_PROFILE\0\u0001\u0001", "latin1");
  const length = 2 + name.length + profile.length;
  return concatenate([
    file.subarray(0, 2),
    Uint8Array.of(0xff, 0xe2, length >> 8, length & 255),
    name,
    profile,
    file.subarray(2),
  ]);
}
const meanDifference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
const without = decodeJpeg(file, "a.jpg").data as Uint8Array;

describe.each([
  ["bytes", false],
  ["16 bits", true],
])("a profile with a table of %s", (_, isWide) => {
  const profile = inkProfile(isWide);

  it.skipIf(!sharp)("gives the colours that libvips has, if sharp is found", async () => {
    const bytes = withProfile(profile);
    const { data, metadata } = decodeJpeg(bytes, "a.jpg");
    const libvips = await sharp!(bytes).toColourspace("srgb").raw().toBuffer();
    expect(meanDifference(data as Uint8Array, libvips)).toBeLessThan(1);
    expect(meanDifference(without, libvips)).toBeGreaterThan(10);
    expect(metadata.icc).toBeUndefined();
  });

  it("is left alone where it is cut short, or of other colours", () => {
    for (let length = 0; length < profile.length - 4; length += 201)
      expect(decodeJpeg(withProfile(profile.subarray(0, length)), "a.jpg").data).toEqual(without);
    const other = Uint8Array.from(profile);
    other.set(Buffer.from("RGB "), 16);
    expect(decodeJpeg(withProfile(other), "a.jpg").data).toEqual(without);
  });

  it("never makes the reader fail, whatever is changed in its header and its list of tables", () => {
    for (const at of [8, 17, 22, 128, 131, 168, 172, 176, 177, 181]) {
      const changed = Uint8Array.from(profile);
      changed[at]! ^= 0xff;
      expect(decodeJpeg(withProfile(changed), "a.jpg").data).toHaveLength(without.length);
    }
  });
});
