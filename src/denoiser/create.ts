/** Builds denoisers. It holds no code for training. */
import { optionsFrom, requireNoOthers, requireOption } from "../errors.ts";
import { bundled } from "../wasm/bundled.ts";
import { requireMode } from "../wasm/detect.ts";
import { loadInference } from "../wasm/inference.ts";
import type { RawWorker } from "../wasm/raw-worker.ts";
import { createConvStream } from "./conv-stream.ts";
import { alone } from "./crew.ts";
import type { Denoiser, DenoiserOptions } from "./denoiser.ts";
import { startTeam } from "./lazy-team.ts";
import { type BundledModels, modelsFrom } from "./models.ts";
import { requestOf } from "./request.ts";

/** More than any machine has; each takes memory of its own. */
const MOST_THREADS = 512;

/** @throws SpecError if `threads` is no number of threads */
export function requireThreads(threads: number): void {
  const isCount = Number.isInteger(threads) && threads > 0 && threads <= MOST_THREADS;
  requireOption("threads", threads, isCount, `a whole number from 1 to ${MOST_THREADS}`);
}

/**
 * Builds a denoiser.
 * @param models what it uses if the options give no model
 * @param helpers only in pages: workers for the other threads, one for each
 * @throws SpecError if an option is of the wrong type
 * @throws ModelFileError if the model cannot be read, is broken, or is not made of convolutions
 * @throws UnsupportedRuntimeError if the WebAssembly core cannot be loaded, such as where the runtime lacks SIMD
 */
export async function createWith(
  models: BundledModels,
  options?: DenoiserOptions,
  helpers?: readonly RawWorker[],
): Promise<Denoiser> {
  const { model, wasm: build, mode = "reproducible", threads = 1, ...others } = optionsFrom(options);
  requireNoOthers(others);
  requireMode(mode);
  requireThreads(threads);
  const { variant, wasm } = bundled(mode);
  // The engine compiles the core while the model is being read.
  const [first, given] = await Promise.all([loadInference(build ?? wasm?.()), modelsFrom(model, models)]);
  const { module } = first;
  const cores = await Promise.all(given.map((_, index) => (index === 0 ? first : loadInference(module))));
  const streams = given.map((model, index) => createConvStream(cores[index]!, model));
  const team = threads > 1 ? await startTeam(module, streams, threads, helpers) : undefined;
  const crew = team ?? alone(streams);
  const { dispose } = crew;
  return {
    variant,
    get threads() {
      return crew.threads;
    },
    denoise: async (picture, options) => crew.denoise(requestOf(picture, options)),
    dispose,
    [Symbol.dispose]: dispose,
  };
}
