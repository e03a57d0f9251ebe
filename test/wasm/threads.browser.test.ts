/** Threads in a page: only a worker may wait for others, so that the work is done in one. */
import { expect, it } from "vitest";
import { type Fingerprint, fingerprint } from "../support/fingerprint.ts";

it("is a page that may share memory", () => {
  expect(crossOriginIsolated).toBe(true);
});

it("trains to the same bytes on 1 to 4 threads, and on the page's own thread", async () => {
  const worker = new Worker(new URL("../support/fingerprint-worker.ts", import.meta.url), { type: "module" });
  const there = await new Promise<Fingerprint>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  expect(there.threads).toEqual([1, 2, 3, 4]);
  expect(new Set(there.models).size).toBe(1);
  expect(new Set(there.scales).size).toBe(1);
  const here = await fingerprint();
  expect(here.threads).toEqual([1, 1, 1, 1]);
  const results = ({ noise, models, scales, interrupted }: Fingerprint) => ({
    ...{ noise, models, scales, interrupted },
  });
  expect(results(here)).toEqual(results(there));
  expect(new Set(there.interrupted).size).toBe(1);
});
