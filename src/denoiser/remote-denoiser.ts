/** A denoiser in a worker of its own, which the browser's `createDenoiser` returns if `worker` is given. */

import text from "../../build/workers/denoiser.js";
import * as errors from "../errors.ts";
import { likeOf, type Picture, type PictureValues } from "../pictures/picture.ts";
import { bundled } from "../wasm/bundled.ts";
import { requireMode, type Variant } from "../wasm/detect.ts";
import { type RawWorker, workerFromText, workerOf } from "../wasm/raw-worker.ts";
import { bytesBehind, type Remote } from "../wasm/source.ts";
import { requireThreads } from "./create.ts";
import type { Denoised, Denoiser, DenoiserOptions } from "./denoiser.ts";
import {
  type FromDenoiserWorker,
  HELPER_NAME,
  type HelperPlace,
  type ToDenoiserWorker,
} from "./denoiser-messages.ts";
import { type BundledModels, bundledFiles, type ModelSource } from "./models.ts";
import { type DenoiseOptions, requestOf } from "./request.ts";

type Answer = Exclude<FromDenoiserWorker, { type: "progress" | "failed" }>;

interface Request {
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
  onProgress: ((done: number) => void) | undefined;
}

/**
 * The script that the worker runs: `true` for the one that this code holds as a text, or the address of the package's
 * `denoiser-worker.js`.
 */
export type WorkerPlace = true | string | URL;

/**
 * @param models what the denoiser uses if the options give no model
 * @throws UnsupportedRuntimeError if the worker cannot be started; also everything that `createDenoiser` throws
 */
export async function createRemoteDenoiser(
  worker: WorkerPlace,
  models: BundledModels,
  options: DenoiserOptions,
): Promise<Denoiser> {
  const isPlace = worker === true || typeof worker === "string" || worker instanceof URL;
  errors.requireOption("worker", worker, isPlace, "true, false or the address of denoiser-worker.js");
  const { model, wasm, mode = "reproducible", ...others } = options;
  requireMode(mode);
  const own = bundled(mode);
  const sendable: DenoiserOptions = {
    model:
      model === undefined
        ? await bundledFiles(models)
        : Array.isArray(model)
          ? await Promise.all((model as ModelSource[]).map(sendableModel))
          : await sendableModel(model as ModelSource),
    wasm: await sendableOf(wasm ?? (await own.wasm?.()), "wasm", errors.UnsupportedRuntimeError),
    mode,
    ...others,
  };
  const create = (start: Start) => createIn(start, own.variant, sendable);
  if (worker !== true) return create((name) => workerOf(new Worker(worker, { type: "module", name })));
  try {
    return await create((name) => workerFromText(`() => { ${text} }`, name));
  } catch (error) {
    if (!(error instanceof errors.UnsupportedRuntimeError)) throw error;
    // A content security policy may allow files only. Bundlers recognise exactly this expression, and bundle the file.
    const start = (name: string) =>
      workerOf(new Worker(new URL("./denoiser-worker.js", import.meta.url), { type: "module", name }));
    return create(start).catch(() => Promise.reject(error));
  }
}

/** Starts a worker of that name, by which the script knows what it has to be. */
type Start = (name: string) => RawWorker;

async function createIn(start: Start, variant: Variant, options: DenoiserOptions): Promise<Denoiser> {
  const { threads = 1 } = options;
  requireThreads(threads);
  const link = new Link(startedBy(start, "denoiser"));
  try {
    const helpers = Array.from({ length: threads - 1 }, () => link.portOf(startedBy(start, HELPER_NAME)));
    const created = await link.ask({ type: "create", options, helpers }, {}, helpers);
    return new RemoteDenoiser(link, variant, (created as Extract<Answer, { type: "created" }>).threads);
  } catch (error) {
    link.close();
    const { name, message } = error as Error;
    throw name === "DataCloneError"
      ? new errors.SpecError(`An option cannot be sent to the worker: ${message}. Check its type.`)
      : error;
  }
}

function startedBy(start: Start, name: string): RawWorker {
  if (typeof Worker === "undefined") {
    throw new errors.UnsupportedRuntimeError(
      "This runtime has no Worker of the web's kind. Leave `worker` out, or call createDenoiser in a thread of your own.",
    );
  }
  try {
    return start(name);
  } catch (error) {
    throw workerFailed(error as Error);
  }
}

const workerFailed = ({ message }: Error) =>
  new errors.UnsupportedRuntimeError(
    `The denoiser's worker failed: ${message}. Pass the address of denoiser-worker.js as \`worker\`.`,
  );

class RemoteDenoiser implements Denoiser {
  /** The threads that run and the helpers that were lost. */
  readonly #all: number;

  constructor(
    private readonly link: Link,
    readonly variant: Variant,
    threads: number,
  ) {
    this.#all = threads + link.lost;
  }

  get threads(): number {
    return this.#all - this.link.lost;
  }

  async denoise<Values extends PictureValues>(
    picture: Picture<Values>,
    options?: DenoiseOptions,
  ): Promise<Denoised<Values>> {
    const { picture: own, signal, onProgress, ...others } = requestOf(picture, options);
    const message = { type: "denoise", picture: own, options: others } as const;
    const answer = await this.link.ask(message, { signal, onProgress }, [own.data.buffer as ArrayBuffer]);
    const { result } = answer as { result: Denoised<Values> };
    return { ...result, data: likeOf(result.data, own.data) as PictureValues as typeof result.data };
  }

  dispose(): void {
    this.link.close();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

type WithoutId<Message> = Message extends unknown ? Omit<Message, "id"> : never;

/** Sends requests to a worker and matches its answers to them. Ends it, and its helpers. */
class Link {
  /** How many helpers have died. */
  lost = 0;
  readonly #helpers: RawWorker[] = [];
  readonly #requests = new Map<number, Request>();
  #asked = 0;
  #closed: Error | undefined;

  constructor(private readonly worker: RawWorker) {
    worker.onMessage((message) => this.#hear(message as FromDenoiserWorker));
    worker.onError((error) => this.close(workerFailed(error)));
  }

  /**
   * Gives the worker a helper. The page starts it, since Firefox 153 sometimes hangs where a worker starts a worker.
   * @returns the port through which the worker speaks with it
   */
  portOf(helper: RawWorker): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const index = this.#helpers.push(helper) - 1;
    helper.onError(({ message }) => {
      this.lost++;
      this.#say({ id: -1, type: "lost", helper: index, message });
    });
    const place: HelperPlace = { port: port1 };
    helper.post(place, [port1]);
    return port2;
  }

  /** @throws the error that the worker answers with, or the signal's reason */
  ask(
    message: WithoutId<ToDenoiserWorker>,
    { signal, onProgress }: Pick<DenoiseOptions, "signal" | "onProgress"> = {},
    transfer: (ArrayBuffer | MessagePort)[] = [],
  ): Promise<Answer> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = this.#asked++;
    return new Promise<Answer>((resolve, reject) => {
      const abort = () => {
        this.#say({ id, type: "abort" });
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value) => {
          signal?.removeEventListener("abort", abort);
          settle(value);
        };
      this.#requests.set(id, { resolve: settled(resolve), reject: settled(reject), onProgress });
      this.#say({ id, ...message } as ToDenoiserWorker, transfer);
    });
  }

  /** Ends the worker. All requests without an answer, and all later ones, are rejected with `reason`. */
  close(reason: Error = new errors.DenoiseError("The denoiser was disposed of. Create another one.")): void {
    this.#closed ??= reason;
    for (const worker of [this.worker, ...this.#helpers]) void worker.terminate();
    for (const request of this.#requests.values()) request.reject(this.#closed);
    this.#requests.clear();
  }

  #say(message: ToDenoiserWorker, transfer: (ArrayBuffer | MessagePort)[] = []): void {
    this.worker.post(message, transfer);
  }

  #hear(message: FromDenoiserWorker): void {
    const request = this.#requests.get(message.id);
    if (message.type === "progress") {
      request?.onProgress?.(message.done);
      return;
    }
    this.#requests.delete(message.id);
    if (message.type === "failed") request?.reject(errorOf(message));
    else request?.resolve(message);
  }
}

/**
 * What is sent to the worker for `source`. What cannot be sent, such as a Response, becomes its bytes. An address becomes
 * absolute, since one relative to this page means another file in the worker.
 * @throws Fault if its bytes cannot be read
 */
async function sendableOf<Source extends object>(
  source: Source | Remote | undefined,
  name: string,
  Fault: new (message: string) => Error,
): Promise<Source | ArrayBuffer | Uint8Array<ArrayBuffer> | string | undefined> {
  if (typeof source !== "object" && typeof source !== "string") return source;
  const isPromise = source !== null && "then" in Object(source);
  errors.requireOption(name, source, !isPromise, "what it is made from");
  try {
    if (typeof source === "string" || source instanceof URL) {
      const base = globalThis.location?.href;
      return base ? new URL(source, base).href : `${source}`;
    }
    return source && (await bytesBehind(source));
  } catch (error) {
    throw new Fault(`The ${name} cannot be read: ${(error as Error).message}. Check the address.`);
  }
}

const sendableModel = async (model: ModelSource | undefined) =>
  (await sendableOf(model, "model", errors.ModelFileError)) as ModelSource;

/** Rebuilds a worker's error: of the same class if that is one of this package's, else an Error with the same name. */
function errorOf({ name, message }: { name: string; message: string }): Error {
  const kinds: Record<string, new (message: string) => Error> = {
    DataError: errors.DataError,
    ModelFileError: errors.ModelFileError,
    SpecError: errors.SpecError,
    UnsupportedRuntimeError: errors.UnsupportedRuntimeError,
    DenoiseError: errors.DenoiseError,
  };
  const Kind = kinds[name];
  return Kind ? new Kind(message) : Object.assign(new Error(message), { name });
}
