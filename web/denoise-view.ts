/** Denoises the picture that is shown, and shows what came of it. What is no longer the newest is dropped. */
import { showChanges } from "./change-chart.ts";
import { addedNoise, chosenLevel, chosenStrength, showSettings } from "./denoise-settings.ts";
import { Denoisers } from "./denoisers.ts";
import { Denoising, type Found, fileOf, type Given } from "./denoising.ts";
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
import { Learning } from "./learning.ts";
import type { Learned, LearningTask, Look } from "./learning-messages.ts";
import { outcomeInWords, showQuality } from "./outcome-words.ts";
import { pictureLink } from "./picture-link.ts";
import type { Chosen } from "./pictures.ts";
import { Stage } from "./stage.ts";
import { beginWork, endWork, showWork, startWorkRow } from "./work-row.ts";

/** How many milliseconds a slider has to rest before the work begins. */
const REST = 120;

interface Result {
  readonly given: Given;
  readonly image: ImageData;
  readonly learned: Learned | undefined;
  readonly isUnchanged: boolean;
}

/** Whether there is a result of what is shown, or will be. */
type State = "working" | "learning" | "done" | "none";

export class DenoiseView {
  readonly #stage = new Stage();
  readonly #denoisers = new Denoisers(() => this.#denoise());
  readonly #learning = new Learning({
    task: (type) => this.#task(type),
    begin: () => this.#beginLearning(),
    start: () => this.#given?.then(({ image }) => this.#stage.draw("after", image)),
    look: (look) => this.#look(look),
    end: () => this.#endLearning(),
    change: () => this.#denoise(),
  });
  readonly denoising = new Denoising(this.#denoisers, () => this.#learning.learned);
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
    button("download").addEventListener("click", () => this.#save());
    startWorkRow();
    this.#showSettings();
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

  /** Shows the picture, adds noise to it if that is wished, and denoises it. */
  #show(): void {
    const shown = this.#shown;
    if (!shown) return;
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
    const control = this.#another();
    // What is learned, is learned of the picture that was shown before, or for other settings.
    this.#learning.drop();
    this.#showSettings();
    const { learned } = this.#learning;
    this.#denoisers.use(learned?.network);
    this.#result = undefined;
    beginWork("Denoising", () => control.abort());
    this.#showState("working");
    const isNewest = () => this.#running === control;
    let isDrawn = false;
    try {
      const given = await wanted;
      control.signal.throwIfAborted();
      const found = await this.denoising.run(given, control.signal, {
        onProgress: (done) => {
          if (isNewest()) showWork(done);
        },
        onRows: (result, from, to) => {
          if (!isNewest()) return;
          performance.mark("rows");
          isDrawn = true;
          this.#stage.drawRows("after", result, from, to);
        },
      });
      if (!isNewest()) return;
      control.signal.throwIfAborted();
      this.#result = { given, image: found.image, learned, isUnchanged: found.unchanged !== undefined };
      this.#showFound(found, given.image);
      if (!isDrawn) this.#stage.draw("after", found.image);
      this.#showResult();
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

  #showFound(found: Found, { width, height }: ImageData): void {
    const { sigma, unchanged } = found;
    setText("denoise-time", outcomeInWords(found, width * height));
    if (!input("auto").checked || this.#learning.learned) return;
    setText("sigma-value", unchanged ? "none found" : `found: ${sigma.toFixed(1)}`);
    // Whoever takes over by hand begins with something that can be seen.
    input("sigma").value = String(unchanged ? 10 : sigma);
  }

  #showResult(): void {
    this.#showState("done");
    this.#examine();
  }

  /** Lets go of the denoising that was begun last. @returns what cancels the next one */
  #another(): AbortController {
    this.#running.abort();
    this.#running = new AbortController();
    return this.#running;
  }

  async #task(type: LearningTask["type"]): Promise<LearningTask | undefined> {
    const newest = this.#running;
    const given = await this.#given;
    if (!given || this.#running !== newest) return undefined;
    const { image } = given;
    if (type === "network") return { type, image, level: chosenLevel() };
    this.#denoisers.use(undefined);
    const models = await this.#denoisers.models();
    // Another picture may be shown by now, or another model chosen: to these, what is learned here would not belong.
    return this.#running === newest ? { type, image, models } : undefined;
  }

  #beginLearning(): void {
    this.#another();
    this.#showState("learning");
  }

  /** Shows what a network in training makes of the picture, or of its middle. */
  #look({ pixels, width, from }: Look): void {
    const part = new ImageData(pixels, width);
    this.#stage.drawRows("after", part, from, from + part.height, from);
    performance.mark("looked");
  }

  #endLearning(): void {
    const result = this.#result;
    if (result?.learned === this.#learning.learned && result) {
      this.#stage.draw("after", result.image);
      this.#showResult();
    } else void this.#denoise();
  }

  /** What is shown, if it is finished. */
  get #outcome(): Examined | undefined {
    const result = this.#result;
    if (!result || this.#state !== "done") return undefined;
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
      const { name, blob } = await fileOf(shown, outcome, this.#result!.isUnchanged);
      download(blob, name);
    } catch (error) {
      setMessage("denoise-message", messageOf(error));
    }
  }

  #showSettings(): void {
    showSettings(this.#learning.learned);
  }

  #showState(state: State): void {
    if (state === "done" || state === "none") endWork();
    setDisabled(button("download"), state !== "done", input("split"));
    setDisabled(button("difference"), state !== "done", input("split"));
    this.#state = state;
    this.#showTag(false);
  }

  /** Shows what was taken away, or the picture after, and says so. */
  #showTag(isDifference: boolean): void {
    this.#stage.setDifference(isDifference);
    byId("changes", HTMLElement).hidden = !isDifference;
    const done = this.#result?.isUnchanged ? "unchanged" : "denoised";
    const words = { working: "denoising…", learning: "learning…", done, none: "not denoised" };
    setText("after-tag", isDifference ? "taken away, × 4" : words[this.#state]);
  }
}
