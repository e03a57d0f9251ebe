/** The worker in which the page trains. Each training gets a new worker. Built as `train-worker.js`. */

import type { Model } from "../src/model/model.ts";
import { decodeModel, encodeModel } from "../src/model/model-file.ts";
import { encodeCheckpoint } from "../src/training/checkpoint.ts";
import type { Progress, ResumeOptions } from "../src/training/train-options.ts";
import { resume, type Training, train } from "../src/training/trainer.ts";
import { loadDataset } from "./dataset.ts";
import { Keeping } from "./keeping.ts";
import { TestSet } from "./test-set.ts";
import { claim } from "./training-lock.ts";
import type { FromWorker, ToWorker, TrainingRequest } from "./training-messages.ts";

/** The least milliseconds between two reports of progress, since drawing them takes a core from the training. */
const REPORT_EVERY = 200;

const stop = new AbortController();
/** While the training is paused: what it waits for. */
let pause: PromiseWithResolvers | undefined;
let training: Training | undefined;
let keeping: Keeping | undefined;
/** Gives other tabs leave to go on with the training. */
let release = () => {};
/** Whether the training is to pause after its next batch. */
let isStepping = false;
let begun = false;
let reported = 0;
/** Encodes the model of the last finished epoch as a file. */
let modelFile: (() => Uint8Array<ArrayBuffer>) | undefined;

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function say(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case "start":
      run(data.request).catch(async (error: unknown) => {
        if (!stop.signal.aborted) return fail(error);
        if (begun) await keeping!.now(training!);
        end("stopped");
      });
      break;
    case "pause":
      pause ??= gate();
      if (begun) void keeping!.now(training!);
      break;
    case "stop":
      stop.abort();
      goOn();
      break;
    case "goOn":
      goOn();
      break;
    case "step":
      isStepping = true;
      goOn();
      break;
    case "keep":
      if (begun) void keeping!.now(training!);
      break;
    case "model":
      if (modelFile) {
        const bytes = modelFile();
        say({ type: "model", bytes }, [bytes.buffer]);
      }
      break;
    case "checkpoint":
      if (begun) void sayCheckpoint(training!);
  }
};

async function sayCheckpoint(training: Training): Promise<void> {
  try {
    const bytes = await encodeCheckpoint(training.checkpoint());
    say({ type: "checkpoint", bytes }, [bytes.buffer]);
  } catch (error) {
    fail(error);
  }
}

function end(why: "finished" | "stopped"): void {
  release();
  say({ type: "ended", why });
}

function fail(error: unknown): void {
  release();
  say({ type: "failed", message: error instanceof Error ? error.message : String(error) });
}

function begin({ variant, threads }: Training): void {
  if (begun) return;
  begun = true;
  say({ type: "begun", variant: variant!, threads: threads! });
}

function gate(): PromiseWithResolvers {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function goOn(): void {
  pause?.resolve();
  pause = undefined;
}

/** What a training says of its progress. It goes on when the result resolves. */
async function tell(progress: Progress, started: Training): Promise<"batch" | undefined> {
  begin(started);
  const isStep = isStepping;
  if (isStep) pause ??= gate();
  isStepping = false;
  if (pause || performance.now() - reported >= REPORT_EVERY) {
    reported = performance.now();
    say({ type: "progress", progress, isStep });
  }
  keeping!.soon(started);
  await pause?.promise;
  return isStepping ? "batch" : undefined;
}

async function run(request: TrainingRequest): Promise<void> {
  const { recipe, seed, mode, threads, data, base, from } = request;
  release = await claim(request.kept);
  keeping = new Keeping(request, say);
  const model = base === undefined ? undefined : await modelOf(base);
  const { data: dataset, leftOut } = await loadDataset(data, recipe);
  const options: ResumeOptions = {
    ...(threads !== undefined && { threads }),
    threadWorkerUrl: new URL("./thread-worker.js", import.meta.url),
    signal: stop.signal,
    onProgress: (progress) => tell(progress, started),
  };
  const started = from
    ? resume(from, dataset, options)
    : train(recipe, dataset, { ...options, seed, mode, ...(model && { from: model }) });
  training = started;
  const test = await TestSet.create(recipe, dataset, seed, mode, model);
  say({
    type: "data",
    sha256: dataset.sha256,
    trainingImages: dataset.train.count,
    testImages: test.count,
    leftOut,
    columns: test.columns,
    rows: test.given,
    noisy: test.noisy,
    before: test.before,
  });
  for await (const epoch of started) {
    begin(started);
    const model = started.snapshot();
    modelFile = () => encodeModel(model) as Uint8Array<ArrayBuffer>;
    say({ type: "epoch", epoch, ...test.look(model) });
    // A short epoch may end before the training has yielded to the event loop, so messages are let in here as well.
    keeping.soon(started);
    await pause?.promise;
    await new Promise((resolve) => setTimeout(resolve));
    stop.signal.throwIfAborted();
  }
  await keeping.end();
  end("finished");
}

async function modelOf(base: string | Uint8Array<ArrayBuffer>): Promise<Model> {
  if (typeof base !== "string") return decodeModel(base, "the model");
  const response = await fetch(`models/${base}.safetensors`);
  if (!response.ok) throw new Error(`The model ${base} is not on the server (${response.status}).`);
  return decodeModel(new Uint8Array(await response.arrayBuffer()), base);
}
