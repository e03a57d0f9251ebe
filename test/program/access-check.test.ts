/** The build that asks before each load and store: an operation that leaves its buffers is an error, though it writes nothing there. */
import { expect, it } from "vitest";
import { operation } from "../../src/network/program.ts";
import { describeKernels } from "../support/builds.ts";
import { Kernels } from "../support/kernels.ts";

describeKernels(
  "a load or a store",
  (build) => {
    /** Adds up two chunks of 64 bytes, the second of which begins `stride` bytes behind the first. */
    const sum = async (stride: number, bytes: number) => {
      const kernels = await Kernels.create(build);
      const to = kernels.place(64);
      const from = kernels.floats(new Float32Array(32));
      const values = { to, from, stride, count: 2, bytes };
      kernels.run(operation("sumChunks", values), [{ address: to, bytes: 64 }]);
    };

    it("within the buffers is done", () => sum(64, 64));

    it("before, behind and between buffers is an error", async () => {
      await expect(sum(128, 64)).rejects.toThrow(/^It loads 16 bytes at \d+, which is in no buffer\.$/);
      await expect(sum(-64, 64)).rejects.toThrow("in no buffer");
      await expect(sum(0, 128)).rejects.toThrow(/^It stores 16 bytes at \d+, which is in no buffer\.$/);
    });

    it("that is not aligned is an error", async () => {
      await expect(sum(62, 64)).rejects.toThrow(/unaligned\.$/);
    });
  },
  ({ checked }) => checked,
);
