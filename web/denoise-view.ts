/** Denoises the picture that is shown, and shows what came of it. What is no longer the newest is dropped. */
import { type Denoised, type Denoiser, toImageData } from "../src/browser.ts";
import { Denoisers } from "./denoisers.ts";
import {
  button,
  byId,
  download,
  input,
  messageOf,
  select,
  setDisabled,
  setMessage,
  setText,
  whole,
} from "./dom.ts";
import { outcomeInWords, showQuality } from "./outcome-words.ts";
import { PictureLink } from "./picture-link.ts";
import type { AddedNoise, Outcome } from "./picture-messages.ts";
import type { Chosen } from "./pictures.ts";
import { Stage } from "./stage.ts";

/** How many milliseconds a slider has to rest before the work begins. */
const REST = 120;

/** The picture to denoise: as it came or, if `measured` is there, with noise that was added to a clean one. */
interface Given {
  readonly image: ImageData;
  /** The number of the question that added the noise. */
  readonly measured?: number;
}

interface Result {
  readonly given: Given;
  readonly image: ImageData;
}

/** Whether there is a result of what is shown, or will be. */
type State = "working" | "done" | "none";

export class DenoiseView {
  readonly #stage = new Stage();
  readonly #link = new PictureLink();
  readonly #denoisers = new Denoisers(() => this.#denoise());
  #shown: Chosen | undefined;
  /** The number of the newest wish to load a picture. */
  #wished = 0;
  /** Resolves when noise was added, if it is to be. */
  #given: Promise<Given> | undefined;
  /** What denoising made of `given`, at full strength, once that is there. */
  #result: Result | undefined;
  /** Cancels the denoising that was begun last. */
  #running = new AbortController();
  #rest: ReturnType<typeof setTimeout> | undefined;
  #state: State = "none";
  /** The outcome that is being looked at more closely, and whether another is to follow. */
  #examined: { again: boolean } | undefined;

  constructor() {
    // The denoiser starts before there is a picture.
    this.#denoisers.chosen().catch(() => {});
    const later = (work: () => void) => () => {
      this.#showSettings();
      clearTimeout(this.#rest);
      this.#rest = setTimeout(work, REST);
    };
    const showAgain = () => this.#show();
    input("added").addEventListener("input", later(showAgain));
    select("noise-kind").addEventListener("change", later(showAgain));
    const denoiseAgain = () => this.#denoise();
    input("sigma").addEventListener("input", later(denoiseAgain));
    input("auto").addEventListener("change", later(denoiseAgain));
    input("strength").addEventListener("input", () => {
      this.#showSettings();
      this.#examine();
    });
    button("difference").addEventListener("click", ({ currentTarget }) => {
      const toggle = currentTarget as HTMLButtonElement;
      const isOn = toggle.getAttribute("aria-pressed") !== "true";
      toggle.setAttribute("aria-pressed", String(isOn));
      this.#examine();
    });
    button("denoise-cancel").addEventListener("click", () => this.#running.abort());
    button("download").addEventListener("click", () => this.#save());
    this.#showSettings();
  }

  /** Loads a picture and denoises it, unless another is wished for meanwhile. If it cannot be loaded, the one before stays. */
  async take(load: () => Promise<Chosen | undefined>): Promise<boolean> {
    const wish = ++this.#wished;
    setMessage("denoise-message");
    try {
      const chosen = await load();
      if (wish !== this.#wished || !chosen) return false;
      this.#shown = chosen;
      select("noise-kind").value = chosen.clean ? "camera" : "none";
      this.#stage.show(chosen.image);
      this.#show();
      return true;
    } catch (error) {
      if (wish === this.#wished) setMessage("denoise-message", messageOf(error));
      return false;
    }
  }

  /** Denoises one of several pictures as the settings say, and returns its file. */
  async denoisedFile(chosen: Chosen, signal: AbortSignal): Promise<{ name: string; blob: Blob }> {
    const { image } = await this.#run({ image: chosen.image }, signal);
    const outcome = { before: chosen.image, after: image, strength: this.#strength };
    return this.#fileOf(chosen, outcome);
  }

  get #strength(): number {
    return input("strength").valueAsNumber / 100;
  }

  /** Shows the picture, adds noise to it if that is wished, and denoises it. */
  #show(): void {
    const shown = this.#shown;
    if (!shown) return;
    this.#showSettings();
    const { image, name } = shown;
    const noise = addedNoise();
    setText("picture-facts", `${name}, ${whole(image.width)} × ${whole(image.height)}`);
    for (const id of ["noisy-psnr", "noisy-ssim", "denoised-psnr", "denoised-ssim"]) setText(id, "–");
    byId("figures", HTMLElement).hidden = noise === "none";
    byId("no-figures", HTMLElement).hidden = noise !== "none";
    setText("before-tag", noise === "none" ? "as it came" : "adding noise…");
    const added = noise === "none" ? undefined : this.#link.ask({ type: "add", image, noise });
    const given: Promise<Given> = added
      ? added.answer.then(({ image }) => ({ image, measured: added.id }))
      : Promise.resolve({ image });
    this.#given = given;
    added?.answer.then(
      ({ image, quality }) => {
        if (this.#given !== given) return;
        this.#stage.draw("before", image);
        setText("before-tag", noise === "camera" ? "noisy" : `noisy, σ ${noise}`);
        showQuality("noisy", quality);
      },
      () => {},
    );
    if (!added) this.#stage.draw("before", image);
    void this.#denoise();
  }

  async #denoise(): Promise<void> {
    const wanted = this.#given;
    if (!wanted) return;
    this.#running.abort();
    const control = new AbortController();
    this.#running = control;
    this.#result = undefined;
    this.#showState("working");
    const isNewest = () => this.#running === control;
    try {
      const given = await wanted;
      control.signal.throwIfAborted();
      const { image, denoised, seconds } = await this.#run(given, control.signal, (done) => {
        if (isNewest()) byId("denoise-progress", HTMLProgressElement).value = done;
      });
      if (!isNewest()) return;
      control.signal.throwIfAborted();
      this.#result = { given, image };
      this.#stage.draw("after", image);
      this.#showFound(denoised, seconds);
      this.#showState("done");
      this.#examine();
      performance.mark("denoised");
    } catch (error) {
      if (!isNewest()) return;
      const given = await wanted.catch(() => undefined);
      if (!isNewest()) return;
      if (given) this.#stage.draw("after", given.image);
      this.#showState("none");
      if (control.signal.aborted) setText("denoise-time", "Cancelled: this is the picture before denoising.");
      else {
        setText("denoise-time", "Not denoised.");
        setMessage("denoise-message", messageOf(error));
        // The next picture gets another denoiser.
        this.#denoisers.drop();
      }
    }
  }

  async #run(
    { image: before }: Given,
    signal: AbortSignal,
    onProgress?: (done: number) => void,
  ): Promise<{ image: ImageData; denoised: Denoised; seconds: number }> {
    const choice = select("model").value;
    const { denoiser, quality }: { denoiser: Denoiser; quality: "standard" | "best" } =
      await this.#denoisers.chosen();
    signal.throwIfAborted();
    const start = performance.now();
    const sigma = input("auto").checked ? "auto" : input("sigma").valueAsNumber;
    const denoised = await denoiser.denoise(before, { sigma, quality, signal, onProgress });
    const seconds = (performance.now() - start) / 1000;
    if (!denoised.unchanged) this.#denoisers.took(choice, seconds, (before.width * before.height) / 1e6);
    return { image: toImageData(denoised), denoised, seconds };
  }

  #showFound(denoised: Denoised, seconds: number): void {
    const { sigma, unchanged } = denoised;
    setText("denoise-time", outcomeInWords(denoised, seconds));
    if (!input("auto").checked) return;
    setText("sigma-value", unchanged ? "none found" : `found: ${sigma.toFixed(1)}`);
    // Whoever takes over by hand begins with something that can be seen.
    input("sigma").value = String(unchanged ? 10 : sigma);
  }

  /** Measures the outcome and draws what was taken away, where these are shown; one at a time, the newest last. */
  #examine(): void {
    const isOn = button("difference").getAttribute("aria-pressed") === "true";
    if (!isOn) this.#showTag(false);
    this.#stage.setStrength(this.#strength);
    if (this.#examined) this.#examined.again = true;
    else void this.#examineNow(isOn);
  }

  async #examineNow(isDifferenceShown: boolean): Promise<void> {
    const result = this.#result;
    if (!result) return;
    const examined = { again: false };
    this.#examined = examined;
    const { given, image: after } = result;
    const outcome = { before: given.image, after, strength: this.#strength };
    try {
      if (given.measured !== undefined) {
        const task = { type: "measure", given: given.measured, ...outcome } as const;
        const quality = await this.#link.ask(task).answer;
        if (this.#result === result && !examined.again) showQuality("denoised", quality);
      }
      if (isDifferenceShown) {
        const taken = await this.#link.ask({ type: "difference", ...outcome }).answer;
        if (this.#result === result) {
          this.#stage.draw("taken", taken);
          this.#showTag(button("difference").getAttribute("aria-pressed") === "true");
        }
      }
    } catch (error) {
      if (this.#result === result) setMessage("denoise-message", messageOf(error));
    }
    this.#examined = undefined;
    if (examined.again) this.#examine();
  }

  async #save(): Promise<void> {
    const [shown, result] = [this.#shown, this.#result];
    if (!shown || !result) return;
    const outcome = { before: result.given.image, after: result.image, strength: this.#strength };
    try {
      const { name, blob } = await this.#fileOf(shown, outcome);
      download(blob, name);
    } catch (error) {
      setMessage("denoise-message", messageOf(error));
    }
  }

  async #fileOf({ file, name }: Chosen, outcome: Outcome): Promise<{ name: string; blob: Blob }> {
    const blob = await this.#link.ask({ type: "encode", file, ...outcome }).answer;
    const ending = blob.type === "image/jpeg" ? "jpg" : "png";
    return { name: `${name.replace(/\.\w+$/, "")}-denoised.${ending}`, blob };
  }

  #showState(state: State): void {
    const isBusy = state === "working";
    byId("stage", HTMLElement).setAttribute("aria-busy", String(isBusy));
    setDisabled(button("denoise-cancel"), !isBusy, input("split"));
    setDisabled(button("download"), state !== "done", input("split"));
    setDisabled(button("difference"), state !== "done", input("split"));
    this.#state = state;
    this.#showTag(false);
    if (isBusy) byId("denoise-progress", HTMLProgressElement).value = 0;
  }

  /** Shows what was taken away, or the picture after, and says so. */
  #showTag(isDifference: boolean): void {
    this.#stage.setDifference(isDifference);
    const words = { working: "denoising…", done: "denoised", none: "not denoised" };
    setText("after-tag", isDifference ? "taken away, × 4" : words[this.#state]);
  }

  #showSettings(): void {
    const isWhite = select("noise-kind").value === "white";
    byId("added-field", HTMLElement).hidden = !isWhite;
    setText("added-value", `σ ${input("added").value}`);
    const isAuto = input("auto").checked;
    input("sigma").disabled = isAuto;
    if (!isAuto) setText("sigma-value", `σ ${Number(input("sigma").value).toFixed(0)}`);
    setText("strength-value", `${input("strength").value} %`);
  }
}

function addedNoise(): AddedNoise {
  const { value } = select("noise-kind");
  return value === "white" ? input("added").valueAsNumber : (value as "none" | "camera");
}
