/** Denoises the picture that is shown, and shows what came of it. What is no longer the newest is dropped. */
import type { Denoised } from "../src/browser.ts";
import { CALIBRATED_LEVEL } from "../src/learning/calibration.ts";
import { calibratedDenoiser } from "../src/learning/denoise-calibrated.ts";
import { type BandedOptions, denoiseInBands } from "./bands.ts";
import { Calibrating, isCalibrated } from "./calibrating.ts";
import { showChanges } from "./change-chart.ts";
import { addedNoise, chosenLevel, chosenStrength, showSettings } from "./denoise-settings.ts";
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
import { Examination, type Examined, isDifferenceOn } from "./examination.ts";
import { outcomeInWords, showQuality } from "./outcome-words.ts";
import { pictureLink } from "./picture-link.ts";
import type { Outcome } from "./picture-messages.ts";
import type { Chosen } from "./pictures.ts";
import { Stage } from "./stage.ts";

/** How many milliseconds a slider has to rest before the work begins. */
const REST = 120;

/** The picture to denoise: as it came or, if `measured` is there, with noise that was added to a clean one. */
interface Given {
  readonly image: ImageData;
  /** The number of the question that the picture worker answered with it. */
  readonly asked?: number | undefined;
  /** Whether that added noise to a clean picture. */
  readonly isMeasured: boolean;
}

interface Result {
  readonly given: Given;
  readonly image: ImageData;
}

/** Whether there is a result of what is shown, or will be. */
type State = "working" | "done" | "none";

export class DenoiseView {
  readonly #stage = new Stage();
  readonly #denoisers = new Denoisers(() => this.#denoise());
  readonly #calibrating = new Calibrating(
    async () => {
      const given = await this.#given;
      return given && { image: given.image, models: await this.#denoisers.models() };
    },
    () => {
      showSettings();
      void this.#denoise();
    },
  );
  readonly #examination = new Examination(
    () => this.#outcome,
    (taken) => {
      this.#stage.draw("taken", taken.image);
      showChanges(taken);
      this.#showTag(isDifferenceOn());
    },
  );
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

  constructor() {
    // The denoiser starts before there is a picture.
    this.#denoisers.chosen().catch(() => {});
    const later = (work: () => void) => () => {
      showSettings();
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
      showSettings();
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
    showSettings();
  }

  /** Loads a picture and denoises it, unless another is wished for meanwhile. If it cannot be loaded, the one before stays. */
  async take(load: () => Promise<Chosen | undefined>): Promise<boolean> {
    const wish = ++this.#wished;
    setMessage("denoise-message");
    try {
      const chosen = await load();
      // What came with a large picture ends its task here; the browser then has time for something else.
      await new Promise((resolve) => setTimeout(resolve));
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
    const { image } = await this.#run(
      { image: chosen.image, asked: chosen.asked, isMeasured: false },
      signal,
    );
    const outcome = { before: chosen.image, after: image, strength: chosenStrength() };
    return this.#fileOf(chosen, outcome);
  }

  /** Shows the picture, adds noise to it if that is wished, and denoises it. */
  #show(): void {
    const shown = this.#shown;
    if (!shown) return;
    showSettings();
    const { image, name } = shown;
    const noise = addedNoise();
    setText("picture-facts", `${name}, ${whole(image.width)} × ${whole(image.height)}`);
    for (const id of ["noisy-psnr", "noisy-ssim", "denoised-psnr", "denoised-ssim"]) setText(id, "–");
    byId("figures", HTMLElement).hidden = noise === "none";
    byId("no-figures", HTMLElement).hidden = noise !== "none";
    setText("before-tag", noise === "none" ? "as it came" : "adding noise…");
    const added = noise === "none" ? undefined : pictureLink.ask({ type: "add", image, noise });
    const given: Promise<Given> = added
      ? added.answer.then(({ image }) => ({ image, asked: added.id, isMeasured: true }))
      : Promise.resolve({ image, asked: shown.asked, isMeasured: false });
    this.#given = given;
    added?.answer.then(
      ({ image, quality }) => {
        if (this.#given !== given) return;
        this.#stage.draw("before", image);
        setText("before-tag", noise === "camera" ? "noisy, simulated" : `noisy, σ ${noise}`);
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
      const found = await this.#run(given, control.signal, {
        onProgress: (done) => {
          if (isNewest()) byId("denoise-progress", HTMLProgressElement).value = done;
        },
        onRows: (result, from, to) => {
          if (!isNewest()) return;
          performance.mark("rows");
          this.#stage.drawRows("after", result, from, to);
        },
      });
      if (!isNewest()) return;
      control.signal.throwIfAborted();
      this.#result = { given, image: found.image };
      this.#stage.draw("after", found.image);
      this.#showFound(found, given.image, found.seconds);
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
    { image: before, asked }: Given,
    signal: AbortSignal,
    shown: Pick<BandedOptions, "onProgress" | "onRows"> = {},
  ): Promise<Pick<Denoised, "sigma" | "unchanged"> & { image: ImageData; seconds: number }> {
    const choice = select("model").value;
    const { denoiser: plain, sight, quality } = await this.#denoisers.chosen();
    signal.throwIfAborted();
    const start = performance.now();
    const { calibration } = this.#calibrating;
    const denoiser = calibration ? calibratedDenoiser(plain, calibration) : plain;
    const sigma = calibration ? CALIBRATED_LEVEL : chosenLevel();
    const find =
      asked === undefined ? undefined : () => pictureLink.ask({ type: "find", picture: asked }).answer;
    const found = await denoiseInBands(denoiser, before, sight, { sigma, quality, signal, find, ...shown });
    const seconds = (performance.now() - start) / 1000;
    if (!found.unchanged) this.#denoisers.took(choice, seconds, (before.width * before.height) / 1e6);
    return { ...found, seconds };
  }

  #showFound(
    { sigma, unchanged }: Pick<Denoised, "sigma" | "unchanged">,
    { width, height }: ImageData,
    seconds: number,
  ): void {
    setText("denoise-time", outcomeInWords(unchanged, width * height, seconds));
    if (!input("auto").checked || isCalibrated()) return;
    setText("sigma-value", unchanged ? "none found" : `found: ${sigma.toFixed(1)}`);
    // Whoever takes over by hand begins with something that can be seen.
    input("sigma").value = String(unchanged ? 10 : sigma);
  }

  /** What is shown, if it is finished. */
  get #outcome(): Examined | undefined {
    const result = this.#result;
    if (!result) return undefined;
    const { given, image: after } = result;
    const measured = given.isMeasured ? given.asked : undefined;
    return { before: given.image, after, strength: chosenStrength(), measured };
  }

  #examine(): void {
    if (!isDifferenceOn()) this.#showTag(false);
    this.#stage.setStrength(chosenStrength());
    this.#examination.begin();
  }

  async #save(): Promise<void> {
    const [shown, outcome] = [this.#shown, this.#outcome];
    if (!shown || !outcome) return;
    try {
      const { name, blob } = await this.#fileOf(shown, outcome);
      download(blob, name);
    } catch (error) {
      setMessage("denoise-message", messageOf(error));
    }
  }

  async #fileOf({ file, name }: Chosen, outcome: Outcome): Promise<{ name: string; blob: Blob }> {
    const blob = await pictureLink.ask({ type: "encode", file, ...outcome }).answer;
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
    byId("changes", HTMLElement).hidden = !isDifference;
    const words = { working: "denoising…", done: "denoised", none: "not denoised" };
    setText("after-tag", isDifference ? "taken away, × 4" : words[this.#state]);
  }
}
