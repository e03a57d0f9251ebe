/** The tab "Inside": a picture's way through a network of convolutions; or, of an autoencoder, its first layer and its code. */
import type { Model } from "../src/model/model.ts";
import { isConvolution, isConvolutional, layerShapes } from "../src/network/spec.ts";
import { showCode } from "./code-view.ts";
import { currentModel, onModelChange, type ShownModel, usedModel } from "./current-model.ts";
import { decodedModel } from "./decoded-model.ts";
import { modelFiles } from "./denoisers.ts";
import { byId, canvas, input, messageOf, select, setMessage, setText } from "./dom.ts";
import { modelSummary } from "./model-text.ts";
import { PartChoice } from "./part-choice.ts";
import { onSeen, seenMiddle, seenPicture } from "./seen-picture.ts";
import { WayView } from "./way-view.ts";
import { drawWeights, initialWeights } from "./weight-pictures.ts";

export function startInside(): void {
  new Inside();
}

class Inside {
  readonly #part = new PartChoice(() => void this.#show());
  readonly #way = new WayView();
  /** The models of the package that were shown, by their names. */
  readonly #known = new Map<string, Promise<ShownModel[]>>();
  /** The model of the user's own that is offered. */
  #own: ShownModel | undefined;
  #isLevelChosen = false;
  /** Whether the part of the picture is to follow what is seen in "Denoise". */
  #isElsewhere = true;
  /** What is being shown, and whether something else is to be shown after that. */
  #running: { again: boolean } | undefined;

  constructor() {
    select("inside-choice").addEventListener("change", () => void this.#show());
    // The newest choice counts: here, in "Denoise", or of a model that was trained or loaded.
    select("model").addEventListener("change", () => this.#followModel());
    onModelChange(() => {
      this.#offer(currentModel()!);
      void this.#show();
    });
    document.addEventListener("part", () => this.#arrive());
    onSeen(() => {
      this.#isLevelChosen = false;
      this.#arrive();
    });
    // "Denoise" tells here what it has found.
    new MutationObserver(() => {
      this.#followLevel();
      void this.#show();
    }).observe(byId("sigma-value", HTMLElement), { childList: true });
    input("inside-level").addEventListener("input", () => {
      this.#isLevelChosen = true;
      this.#followLevel();
      void this.#show();
    });
    input("only-change").addEventListener("change", () => void this.#show());
    const newest = currentModel();
    if (newest) this.#offer(newest);
    this.#followModel();
  }

  /** Looks at the picture that "Denoise" shows now. */
  #arrive(): void {
    this.#followLevel();
    this.#isElsewhere = true;
    void this.#show();
  }

  /** Offers a model of the user's own, and chooses it when it is another one. */
  #offer(own: ShownModel): void {
    if (this.#own?.from !== own.from) select("inside-choice").value = "own";
    this.#own = own;
    const option = byId("inside-own", HTMLOptionElement);
    option.disabled = false;
    option.textContent = own.from;
  }

  /** Chooses the model that "Denoise" uses. */
  #followModel(): void {
    const { value } = select("model");
    if (value === "own") this.#offer(usedModel()!);
    select("inside-choice").value = value === "best" ? "photo" : value;
  }

  #followLevel(): void {
    const level = input("inside-level");
    if (!this.#isLevelChosen) level.value = input("sigma").value;
    setText("inside-level-value", `σ ${level.valueAsNumber.toFixed(1)}`);
  }

  /** Shows what is chosen, if this part of the page is seen; one at a time, the newest last. */
  async #show(): Promise<void> {
    if (byId("inside", HTMLElement).hidden) return;
    if (this.#running) {
      this.#running.again = true;
      return;
    }
    const running = { again: false };
    this.#running = running;
    try {
      await this.#showNow();
    } catch (error) {
      setMessage("inside-message", messageOf(error));
    }
    this.#running = undefined;
    if (running.again) void this.#show();
  }

  async #showNow(): Promise<void> {
    const picture = seenPicture();
    if (picture && this.#isElsewhere) await this.#part.show(picture, seenMiddle());
    this.#isElsewhere = false;
    const { from, model } = await this.#model();
    const isOfPhotographs = isConvolutional(model.spec);
    setText("inside-model", modelSummary(model, from));
    byId("inside-photo", HTMLElement).hidden = !isOfPhotographs;
    byId("way", HTMLElement).hidden = !isOfPhotographs;
    byId("code", HTMLElement).hidden = isOfPhotographs || !showCode(model);
    byId("inside-level-field", HTMLElement).hidden = !model.spec.noiseLevel;
    showWeights(model);
    const { part } = this.#part;
    if (!isOfPhotographs) showParts();
    if (!isOfPhotographs || !picture) return;
    if (!part)
      throw new Error(
        "The picture is too small to be looked at part by part: choose another one in Denoise.",
      );
    const { wayOf } = await import("./way.ts");
    const way = await wayOf(model, part, input("inside-level").valueAsNumber);
    await this.#way.show(model.spec, way, part);
    showParts();
    performance.mark("way");
  }

  async #model(): Promise<{ from: string; model: Model }> {
    const { value } = select("inside-choice");
    const shown = value === "own" ? this.#own! : await this.#ofPackage(value);
    return { from: shown.from, model: decodedModel(shown) };
  }

  /** The model of the package for colour or for grey pictures. */
  async #ofPackage(name: string): Promise<ShownModel> {
    const files = this.#known.get(name) ?? modelFiles(name).then((files) => files.map(shownModel));
    this.#known.set(name, files);
    files.catch(() => this.#known.delete(name));
    const [forColour, forGrey] = (await files) as [ShownModel, ShownModel];
    return this.#part.isGrey ? forGrey : forColour;
  }
}

/** Shows the parts, once all that is in them has its size, so that nothing moves. */
function showParts(): void {
  byId("inside-parts", HTMLElement).classList.remove("waiting");
}

const shownModel = (bytes: ArrayBuffer): ShownModel => ({
  bytes: new Uint8Array(bytes),
  from: "the package",
  denoises: true,
});

function showWeights(model: Model): void {
  const base = initialWeights(model);
  const toggle = input("only-change");
  byId("only-change-field", HTMLElement).hidden = base === undefined;
  const onlyChange = base !== undefined && toggle.checked;
  const count = drawWeights(canvas("weights"), model, onlyChange ? base : undefined);
  const first = layerShapes(model.spec).find((layer) => layer.type === "dense" || isConvolution(layer))!;
  const isDense = first.type === "dense";
  const facts =
    `${count} of the first layer’s ${first.outputs} ${isDense ? "units" : "filters"}: ` +
    (onlyChange
      ? "how training changed the weights of those that it changed most. "
      : "what each looks for. ") +
    (isDense
      ? "Grey is 0, light adds, dark takes away."
      : "Grey is 0, light adds, dark takes away: a light pixel beside a dark one answers to an edge, a colour to that colour.");
  setText("weights-facts", facts);
  byId("weights-formula", HTMLElement).hidden = !isDense;
  canvas("weights").setAttribute("aria-label", facts);
}
