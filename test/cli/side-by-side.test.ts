/** Several pictures at the same time: how many, in which order, and what becomes of errors. */
import { expect, it } from "vitest";
import { sideBySide } from "../../src/cli/side-by-side.ts";

/** Works on pictures of so many pixels. @returns how many were read and how many were under way at a time, and what came of them */
async function work(sizes: readonly number[], threads: number) {
  let [reading, running, mostRead, mostRunning] = [0, 0, 0, 0];
  const outcomes: unknown[] = [];
  const begin = async (size: number) => {
    mostRunning = Math.max(mostRunning, ++running);
    mostRead = Math.max(mostRead, ++reading);
    // The later ones come first.
    await wait(size % 7);
    reading--;
    if (size === 13) {
      running--;
      throw new Error("cannot be read");
    }
    const outcome = wait(5 + (size % 3)).then(() => {
      running--;
      if (size === 17) throw new Error("cannot be denoised");
      return size;
    });
    return { pixels: size, outcome };
  };
  for await (const { item, ...result } of sideBySide(sizes, threads, begin)) {
    expect(item).toBe(sizes[outcomes.length]);
    outcomes.push(result.status === "fulfilled" ? result.value : result.reason.message);
  }
  return { mostRead, mostRunning, outcomes };
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

it("reads small pictures four at a time, and has some more under way than there are threads", async () => {
  const sizes = Array.from({ length: 60 }, (_, index) => 100 + index);
  const { mostRead, mostRunning, outcomes } = await work(sizes, 2);
  expect(outcomes).toEqual(sizes);
  expect(mostRead).toBe(4);
  expect(mostRunning).toBe(12);
});

it("takes one after the other on one thread", async () => {
  const { mostRead, mostRunning, outcomes } = await work([1, 2, 3, 4], 1);
  expect({ mostRead, mostRunning, outcomes }).toEqual({
    mostRead: 1,
    mostRunning: 1,
    outcomes: [1, 2, 3, 4],
  });
});

it("reads large pictures one after the other, and goes on only when there is room", async () => {
  const { mostRead, mostRunning } = await work([4e6, 4e6 + 1, 4e6 + 2, 4e6 + 3, 4e6 + 4], 2);
  expect(mostRead).toBeLessThanOrEqual(2);
  expect(mostRunning).toBeLessThanOrEqual(4);
  expect((await work([12e6, 12e6 + 1, 12e6 + 2], 2)).mostRunning).toBe(1);
});

it("gives each error in its place", async () => {
  const { outcomes } = await work([11, 12, 13, 14, 17, 18], 2);
  expect(outcomes).toEqual([11, 12, "cannot be read", 14, "cannot be denoised", 18]);
});

it("gives nothing of nothing", async () => {
  expect((await work([], 2)).outcomes).toEqual([]);
});
