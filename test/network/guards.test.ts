/** The guard zones between the buffers of a network (test/support/guarded-arena.ts) show what is written past a buffer. */
import "../support/guarded-setup.ts";
import { expect, it } from "vitest";
import { Network } from "../../src/network/network.ts";
import { trespasses } from "../support/guarded-arena.ts";
import { smallRecipe } from "../support/pictures.ts";

const { spec } = smallRecipe({ size: [3, 5], units: [7, 15] });

it("a value behind a buffer is found, and what the network itself writes is none", async () => {
  const network = await Network.create(spec, { batch: 2 });
  network.forward();
  expect(trespasses()).toEqual([]);

  const other = await Network.create(spec, { batch: 2 });
  const { buffer, byteOffset, byteLength } = other.output;
  const behind = Math.ceil((byteOffset + byteLength) / 64) * 64;
  new Float32Array(buffer, behind, 1)[0] = 1;
  expect(trespasses()).toEqual([behind]);
});
