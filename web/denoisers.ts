/** The denoisers that the page offers by name, one of which is loaded at a time. */
import { createDenoiser, type Denoiser } from "../src/browser.ts";
import { decodeConvModel } from "../src/model/conv-model.ts";
import type { Sight } from "./bands.ts";
import { currentModel, onModelChange, setUsedModel, usedModel } from "./current-model.ts";
import { byId, select, setText, whole } from "./dom.ts";

/** The model files of each name: for colour and for grey pictures. */
const files: Readonly<Record<string, readonly string[]>> = {
  photo: ["photo", "photo-grey"],
  "photo-tiny": ["photo-tiny", "photo-tiny-grey"],
  "photo-large": ["photo-large", "photo-grey"],
};

interface Loaded {
  /** The name that was chosen, or the bytes of the user's own model. */
  readonly key: unknown;
  readonly models: Promise<readonly (ArrayBuffer | Uint8Array<ArrayBuffer>)[]>;
  readonly denoiser: Promise<Denoiser>;
  readonly sight: Promise<Sight>;
}

export interface ChosenDenoiser {
  readonly denoiser: Denoiser;
  /** What `took` is to be told of it. */
  readonly name: string;
  readonly quality: "standard" | "best";
  /** That of the model that looks furthest, if there are several. */
  readonly sight: Sight;
}

export class Denoisers {
  #loaded: Loaded | undefined;
  /** Seconds for a megapixel by each choice, as measured here. */
  readonly #times = new Map<string, number>();
  #learned: Uint8Array<ArrayBuffer> | undefined;

  constructor(onChange: () => void) {
    select("model").addEventListener("change", () => {
      useNewest();
      void this.#showFacts();
      onChange();
    });
    onModelChange(() => {
      // A model that is in use stays, and what is shown is its work, until the user chooses another one. The model in training
      // changes every half second; a picture is denoised by the new one when the user asks for it.
      if (select("model").value !== "own" || currentModel()!.from === usedModel()!.from) useNewest();
    });
  }

  /** Has all pictures denoised by a network that learned from one, or again by the model that is chosen. */
  use(learned: Uint8Array<ArrayBuffer> | undefined): void {
    this.#learned = learned;
    void this.#showFacts();
  }

  /** The denoiser that is chosen now. If it cannot be loaded, the next call tries again. */
  async chosen(): Promise<ChosenDenoiser> {
    const loaded = this.#load();
    try {
      const chosen = await described(this.#name, loaded);
      if (loaded === this.#loaded) void this.#showFacts();
      return chosen;
    } catch (error) {
      if (loaded === this.#loaded) this.#loaded = undefined;
      throw error;
    }
  }

  /** Another one by the models that are chosen now, which stays when others are. The caller disposes of it. */
  another(): Promise<ChosenDenoiser> {
    const { models, sight } = this.#load();
    return described(this.#name, { denoiser: models.then(denoiserOf), sight });
  }

  /** The model files of the denoiser that is chosen now. */
  models(): Promise<readonly (ArrayBuffer | Uint8Array<ArrayBuffer>)[]> {
    return this.#load().models;
  }

  /** Ends the denoiser, after an error. */
  drop(): void {
    this.#loaded?.denoiser.then((denoiser) => denoiser.dispose()).catch(() => {});
    this.#loaded = undefined;
  }

  /** Keeps how long a picture took. */
  took(name: string, seconds: number, megapixels: number): void {
    this.#times.set(name, seconds / megapixels);
    void this.#showFacts();
  }

  get #name(): string {
    return this.#learned ? "learned" : select("model").value;
  }

  #load(): Loaded {
    const name = this.#name;
    const own = name === "learned" ? this.#learned : name === "own" ? usedModel()!.bytes : undefined;
    const key = own ?? (name === "best" ? "photo" : name);
    if (this.#loaded?.key === key) return this.#loaded;
    this.drop();
    const models = own ? Promise.resolve([own]) : modelFiles(key as string);
    models.catch(() => {});
    const denoiser = models.then(denoiserOf);
    const sight = models.then(sightOf);
    sight.catch(() => {});
    this.#loaded = { key, models, denoiser, sight };
    return this.#loaded;
  }

  async #showFacts(): Promise<void> {
    const name = this.#name;
    const time = this.#times.get(name);
    const speed = time === undefined ? "" : `; ${time.toFixed(time < 1 ? 2 : 1)} s for a megapixel here`;
    const models = await this.#loaded?.models.catch(() => undefined);
    if (models === undefined || name !== this.#name) return;
    // One for grey pictures may be beside it.
    const bytes = models[0]!.byteLength;
    const what = this.#learned ? "The network that learned from a picture is used, of" : "";
    setText("denoiser-facts", `${what} ${whole(bytes / 1000)} KB of weights${speed}.`.trim());
  }
}

async function described(name: string, loaded: Pick<Loaded, "denoiser" | "sight">): Promise<ChosenDenoiser> {
  const [denoiser, sight] = await Promise.all([loaded.denoiser, loaded.sight]);
  return { denoiser, name, sight, quality: ["best", "learned"].includes(name) ? "best" : "standard" };
}

/** Offers the page's newest model, if it denoises, in place of the one that was offered before. */
function useNewest(): void {
  const newest = currentModel();
  if (!newest?.denoises) return;
  setUsedModel(newest);
  const option = byId("own-model", HTMLOptionElement);
  option.disabled = false;
  option.textContent = newest.from;
}

function sightOf(files: readonly (ArrayBuffer | Uint8Array)[]): Sight {
  const models = files.map((bytes) => decodeConvModel(new Uint8Array(bytes), "the model"));
  const most = (key: keyof Sight) => Math.max(...models.map((model) => model[key]));
  return { reach: most("reach"), multiple: most("multiple") };
}

export function denoiserOf(model: readonly (ArrayBuffer | Uint8Array<ArrayBuffer>)[]): Promise<Denoiser> {
  return createDenoiser({
    model,
    worker: new URL("./denoiser-worker.js", import.meta.url),
    mode: "fast",
    // All of them: the page's own thread has nothing else to do meanwhile.
    threads: navigator.hardwareConcurrency,
  });
}

/** The files of a model of the package, by its name. */
export function modelFiles(name: string): Promise<ArrayBuffer[]> {
  return Promise.all(
    files[name]!.map(async (file) => {
      const response = await fetch(`models/${file}.safetensors`).catch((cause) => {
        const words = `The model ${file} is not kept here, and the server cannot be reached. Choose another.`;
        throw new Error(words, { cause });
      });
      if (!response.ok) throw new Error(`The model ${file} is not on the server (${response.status}).`);
      return response.arrayBuffer();
    }),
  );
}
