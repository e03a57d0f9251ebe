/** The part "Denoise": a picture before and after, with the figures that tell them apart. */
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

/** Milliseconds without a move of a slider before the work begins. */
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
  readonly #worker = new Worker(new URL("./picture-worker.js", import.meta.url), { type: "module" });
  #image: ImageData | undefined;
  #name = "";
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromPictureWorker>) => this.#hear(data);
    this.#worker.onerror = ({ message }) =>
      this.#fail(message ?? "The worker that denoises could not be started.");
    const later = (work: () => void) => () => {
      this.#showSettings();
      clearTimeout(this.#rest);
      this.#rest = setTimeout(work, REST);
    };
    input("added").addEventListener(
      "input",
      later(() => this.#send()),
    );
    for (const id of ["sigma", "strength"])
      input(id).addEventListener(
        "input",
        later(() => this.#denoise()),
      );
    input("auto").addEventListener("change", () => {
      input("sigma").disabled = input("auto").checked;
      this.#showSettings();
      this.#denoise();
    });
    input("split").addEventListener("input", () => this.#split());
    button("denoise-cancel").addEventListener("click", () => this.#say({ type: "cancel" }));
    button("download").addEventListener("click", async () => {
      download(await pngOf(canvas("after")), `${this.#name.replace(/\.\w+$/, "")}-denoised.png`);
    });
    new ResizeObserver(() => this.#fit()).observe(byId("stage", HTMLElement));
    this.#showSettings();
    this.#split();
  }

  /** Loads a picture and denoises it; where it cannot be loaded, the one before stays. */
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
      this.#send();
    } catch (error) {
      setMessage("denoise-message", messageOf(error));
    }
  }

  #send(): void {
    const image = this.#image;
    if (!image) return;
    const added = input("added").valueAsNumber;
    for (const id of ["before", "after"]) {
      const target = canvas(id);
      target.width = image.width;
      target.height = image.height;
      target.getContext("2d")!.putImageData(image, 0, 0);
    }
    this.#fit();
    setText("picture-facts", `${this.#name}, ${whole(image.width)} × ${whole(image.height)}`);
    setText("before-tag", added > 0 ? `noisy, σ ${added}` : "as it came");
    for (const id of ["noisy-psnr", "noisy-ssim", "denoised-psnr", "denoised-ssim"]) setText(id, "–");
    this.#say({ type: "picture", image, added });
    this.#denoise();
  }

  #denoise(): void {
    if (!this.#image) return;
    const sigma = input("auto").checked ? "auto" : input("sigma").valueAsNumber;
    this.#say({ type: "denoise", sigma, strength: input("strength").valueAsNumber / 100 });
    this.#showBusy(true);
  }

  #say(message: ToPictureWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromPictureWorker): void {
    switch (message.type) {
      case "noisy":
        canvas("before").getContext("2d")!.putImageData(message.image, 0, 0);
        showQuality("noisy", message.quality);
        break;
      case "progress":
        byId("denoise-progress", HTMLProgressElement).value = message.done;
        break;
      case "denoised": {
        const { image, sigma, seconds, quality } = message;
        canvas("after").getContext("2d")!.putImageData(image, 0, 0);
        if (quality) showQuality("denoised", quality);
        if (input("auto").checked) {
          setText("sigma-value", `found: ${sigma.toFixed(1)}`);
          input("sigma").value = String(sigma);
        }
        const time = seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
        const megapixels = (image.width * image.height) / 1e6;
        setText("denoise-time", `Denoised in ${time} (${megapixels.toFixed(2)} megapixels).`);
        button("download").disabled = false;
        performance.mark("denoised");
        this.#showBusy(false);
        break;
      }
      case "cancelled":
        setText("denoise-time", "Cancelled.");
        this.#showBusy(false);
        break;
      case "failed":
        this.#fail(message.message);
    }
  }

  #fail(message: string): void {
    setMessage("denoise-message", message);
    this.#showBusy(false);
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

  /** As large as the stage has room for; a pixel of a small picture becomes whole dots of the screen. */
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
