/** The tab "Denoise": a picture before and after, with PSNR and SSIM of both. */
import { blend, createDenoiser, type Denoiser, toImageData } from "../src/browser.ts";
import {
  button,
  byId,
  canvas,
  download,
  input,
  messageOf,
  pngOf,
  setMessage,
  setText,
  whole,
} from "./dom.ts";
import type { FromPictureWorker, PictureQuality, ToPictureWorker } from "./picture-messages.ts";
import { drawing, garments, pictureOfCamera, pictureOfFile } from "./pictures.ts";

/** How many milliseconds a slider has to rest before the work begins. */
const REST = 120;

export function startDenoise(): void {
  const view = new DenoiseView();
  const samples = document.querySelectorAll<HTMLButtonElement>("[data-sample]");
  const choose = (load: () => ImageData | undefined | Promise<ImageData | undefined>, name: string) => {
    for (const sample of samples) sample.setAttribute("aria-pressed", String(sample.dataset.sample === name));
    void view.take(load, name);
  };
  const chooseFile = (file: File) => choose(() => pictureOfFile(file), file.name);
  for (const sample of samples) {
    const name = sample.dataset.sample!;
    sample.addEventListener("click", () => choose(name === "drawing" ? drawing : garments, name));
  }
  const field = input("picture-file");
  field.addEventListener("change", () => {
    const file = field.files?.[0];
    field.value = "";
    if (file) chooseFile(file);
  });
  button("camera").addEventListener("click", () => choose(pictureOfCamera, "camera"));
  acceptDrops(byId("stage", HTMLElement), chooseFile);
  choose(garments, "garments");
}

class DenoiseView {
  readonly #noise = new NoiseWorker();
  #denoiser: Promise<Denoiser> | undefined;
  #image: ImageData | undefined;
  #name = "";
  /** The picture to denoise: as it came, or with noise added, and then with its distance from the clean one. */
  #given: Promise<Given> | undefined;
  /** What denoising made of `given`, at full strength, once that is there. */
  #result: { readonly given: Given; readonly image: ImageData } | undefined;
  /** Cancels the denoising that was begun last. */
  #running = new AbortController();
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    // The denoiser starts before there is a picture.
    void this.#loaded().catch(() => {});
    const later = (work: () => void) => () => {
      this.#showSettings();
      clearTimeout(this.#rest);
      this.#rest = setTimeout(work, REST);
    };
    input("added").addEventListener(
      "input",
      later(() => this.#show()),
    );
    input("sigma").addEventListener(
      "input",
      later(() => this.#denoise()),
    );
    input("strength").addEventListener("input", () => {
      this.#showSettings();
      void this.#showResult().catch(() => {});
    });
    input("auto").addEventListener("change", () => {
      input("sigma").disabled = input("auto").checked;
      this.#showSettings();
      this.#denoise();
    });
    input("best").addEventListener("change", () => this.#denoise());
    input("split").addEventListener("input", () => this.#split());
    button("denoise-cancel").addEventListener("click", () => this.#running.abort());
    button("download").addEventListener("click", async () => {
      download(await pngOf(canvas("after")), `${this.#name.replace(/\.\w+$/, "")}-denoised.png`);
    });
    new ResizeObserver(() => this.#fit()).observe(byId("stage", HTMLElement));
    this.#showSettings();
    this.#split();
  }

  /** Loads a picture and denoises it. If it cannot be loaded, the one before stays. */
  async take(
    load: () => ImageData | undefined | Promise<ImageData | undefined>,
    name: string,
  ): Promise<void> {
    setMessage("denoise-message");
    try {
      const image = await load();
      if (!image) return;
      this.#image = image;
      this.#name = name;
      this.#show();
    } catch (error) {
      setMessage("denoise-message", messageOf(error));
    }
  }

  #loaded(): Promise<Denoiser> {
    this.#denoiser ??= createDenoiser({
      worker: new URL("./denoiser-worker.js", import.meta.url),
      mode: "fast",
      threads: Math.max(1, navigator.hardwareConcurrency - 1),
    });
    return this.#denoiser;
  }

  /** Shows the picture, adds noise to it if the user asked for that, and denoises it. */
  #show(): void {
    const image = this.#image;
    if (!image) return;
    const added = input("added").valueAsNumber;
    for (const id of ["before", "after"] as const) {
      const target = canvas(id);
      target.width = image.width;
      target.height = image.height;
      draw(id, image);
    }
    this.#fit();
    setText("picture-facts", `${this.#name}, ${whole(image.width)} × ${whole(image.height)}`);
    setText("before-tag", added > 0 ? `noisy, σ ${added}` : "as it came");
    for (const id of ["noisy-psnr", "noisy-ssim", "denoised-psnr", "denoised-ssim"]) setText(id, "–");
    const given = added > 0 ? this.#noise.ask({ type: "add", image, added }) : Promise.resolve({ image });
    this.#given = given;
    void given.then(
      ({ image, quality }: Given) => {
        if (this.#given !== given || !quality) return;
        draw("before", image);
        showQuality("noisy", quality);
      },
      () => {},
    );
    void this.#denoise();
  }

  async #denoise(): Promise<void> {
    if (!this.#given) return;
    this.#running.abort();
    const control = new AbortController();
    this.#running = control;
    this.#result = undefined;
    const { signal } = control;
    this.#showBusy(true);
    try {
      const [denoiser, given] = await Promise.all([this.#loaded(), this.#given]);
      const start = performance.now();
      const result = await denoiser.denoise(given.image, {
        sigma: input("auto").checked ? "auto" : input("sigma").valueAsNumber,
        quality: input("best").checked ? "best" : "standard",
        signal,
        onProgress: (done) => {
          if (!signal.aborted) byId("denoise-progress", HTMLProgressElement).value = done;
        },
      });
      const seconds = (performance.now() - start) / 1000;
      const image = toImageData(result);
      this.#result = { given, image };
      await this.#showResult();
      signal.throwIfAborted();
      if (input("auto").checked) {
        setText("sigma-value", `found: ${result.sigma.toFixed(1)}`);
        input("sigma").value = String(result.sigma);
      }
      const time = seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
      const megapixels = (image.width * image.height) / 1e6;
      setText("denoise-time", `Denoised in ${time} (${megapixels.toFixed(2)} megapixels).`);
      button("download").disabled = false;
      performance.mark("denoised");
    } catch (error) {
      if (this.#running !== control) return;
      if (signal.aborted) setText("denoise-time", "Cancelled.");
      else this.#fail(error);
    }
    this.#showBusy(false);
  }

  /** Shows the result at the strength that is set, for which the network does not run again. */
  async #showResult(): Promise<void> {
    const result = this.#result;
    if (!result) return;
    const { value } = input("strength");
    const image = toImageData(blend(result.given.image, result.image, Number(value) / 100));
    draw("after", image);
    if (!result.given.quality) return;
    const { quality } = await this.#noise.ask({ type: "measure", image });
    if (this.#result === result && input("strength").value === value) showQuality("denoised", quality);
  }

  /** Shows what went wrong, and disposes of the denoiser, so that the next picture gets another one. */
  #fail(error: unknown): void {
    setMessage("denoise-message", messageOf(error));
    this.#denoiser?.then((denoiser) => denoiser.dispose()).catch(() => {});
    this.#denoiser = undefined;
  }

  #showBusy(busy: boolean): void {
    byId("stage", HTMLElement).setAttribute("aria-busy", String(busy));
    button("denoise-cancel").disabled = !busy;
    if (busy) byId("denoise-progress", HTMLProgressElement).value = 0;
  }

  #showSettings(): void {
    setText("added-value", input("added").value === "0" ? "none" : `σ ${input("added").value}`);
    if (!input("auto").checked) setText("sigma-value", `σ ${input("sigma").value}`);
    setText("strength-value", `${input("strength").value} %`);
  }

  #split(): void {
    const { value } = input("split");
    byId("compare", HTMLElement).style.setProperty("--split", `${value}%`);
    input("split").setAttribute("aria-valuetext", `${value} % before`);
  }

  /** Makes the picture as large as the stage has room for. A pixel of a small picture becomes a whole number of screen pixels. */
  #fit(): void {
    const { width, height } = canvas("before");
    const { clientWidth, clientHeight } = byId("stage", HTMLElement);
    const scale = Math.min(clientWidth / width, clientHeight / height);
    const dots = devicePixelRatio;
    const whole = scale > 2 ? Math.floor(scale * dots) / dots : scale;
    const compare = byId("compare", HTMLElement);
    compare.hidden = false;
    compare.style.width = `${width * whole}px`;
    compare.style.height = `${height * whole}px`;
    for (const id of ["before", "after"]) canvas(id).classList.toggle("enlarged", whole >= 2);
  }
}

interface Given {
  readonly image: ImageData;
  /** Only if noise was added. */
  readonly quality?: PictureQuality;
}

/** The worker that adds noise and measures pictures. */
class NoiseWorker {
  readonly #worker = new Worker(new URL("./picture-worker.js", import.meta.url), { type: "module" });
  /** The callbacks that wait for its answers, which arrive in the order of the questions. */
  readonly #waiting: ((answer: FromPictureWorker) => void)[] = [];

  #failure: Error | undefined;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromPictureWorker>) => this.#waiting.shift()!(data);
    this.#worker.onerror = ({ message = "The worker that adds noise could not be started." }) => {
      this.#failure = new Error(message);
      for (const answer of this.#waiting.splice(0)) answer({ type: "failed", message });
    };
  }

  ask(message: ToPictureWorker): Promise<Required<Given>> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#worker.postMessage(message);
    return new Promise((resolve, reject) => {
      this.#waiting.push((answer) => {
        if (answer.type === "failed") reject(new Error(answer.message));
        else resolve(answer);
      });
    });
  }
}

function draw(id: "before" | "after", image: ImageData): void {
  canvas(id).getContext("2d")!.putImageData(image, 0, 0);
}

function showQuality(name: "noisy" | "denoised", { psnr, ssim }: PictureQuality): void {
  setText(`${name}-psnr`, `${psnr.toFixed(2)} dB`);
  setText(`${name}-ssim`, ssim === undefined ? "–" : ssim.toFixed(3));
}

function acceptDrops(stage: HTMLElement, take: (file: File) => void): void {
  // A picture dropped beside the stage must not replace the page.
  for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());
  stage.addEventListener("dragover", () => stage.classList.add("dropping"));
  stage.addEventListener("dragleave", () => stage.classList.remove("dropping"));
  stage.addEventListener("drop", ({ dataTransfer }) => {
    stage.classList.remove("dropping");
    const file = dataTransfer?.files[0];
    if (file) take(file);
  });
}
