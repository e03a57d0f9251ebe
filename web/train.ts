/** The part "Train": a training in a worker, shown as it goes. */
import { decodeModel } from "../src/model-file.ts";
import { currentModel, setCurrentModel } from "./current-model.ts";
import { button, byId, clock, download, input, messageOf, setMessage, setText, whole } from "./dom.ts";
import { LossChart, type LossPoint } from "./loss-chart.ts";
import { modelFileName, modelSummary } from "./model-text.ts";
import { PictureRows } from "./picture-rows.ts";
import { lockRecipeForm, requestFromForm, startRecipeForm } from "./recipe-form.ts";
import type { FromWorker, TestResult, ToWorker, TrainingRequest } from "./training-messages.ts";

/** Milliseconds between two looks at a model in training. */
const MODEL_EVERY = 500;

export function startTrain(): void {
  startRecipeForm();
  const view = new TrainView();
  byId("recipe-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    view.start();
  });
  button("pause").addEventListener("click", () => view.pauseOrGoOn());
  button("stop").addEventListener("click", () => view.stop());
  button("save-model").addEventListener("click", saveModel);
  input("load-model").addEventListener("change", loadModel);
}

class TrainView {
  readonly #chart = new LossChart(byId("loss-chart", HTMLElement));
  readonly #rows = new PictureRows(["original", "noisy", "denoised"]);
  readonly #points: LossPoint[] = [];
  #worker: Worker | undefined;
  #request: TrainingRequest | undefined;
  #noisy: TestResult | undefined;
  #paused = false;
  /** When the model was asked for last. */
  #asked = 0;
  /** Seconds that the epochs so far took. */
  #seconds = 0;

  start(): void {
    setMessage("train-message");
    let request: TrainingRequest;
    try {
      request = requestFromForm();
    } catch (error) {
      setMessage("train-message", messageOf(error));
      return;
    }
    this.#request = request;
    this.#points.length = 0;
    this.#seconds = 0;
    this.#chart.show([], request.recipe.epochs);
    for (const id of ["epoch", "loss", "test", "rate", "left", "build"]) setText(`status-${id}`, "–");
    setText("status-epoch", "loading");
    this.#worker = new Worker(new URL("./train-worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    this.#worker.onerror = ({ message }) =>
      this.#fail(message ?? "The training's worker could not be started.");
    this.#say({ type: "start", request });
    this.#showState("running");
  }

  pauseOrGoOn(): void {
    this.#paused = !this.#paused;
    this.#say({ type: this.#paused ? "pause" : "goOn" });
    this.#showState(this.#paused ? "paused" : "running");
  }

  stop(): void {
    this.#say({ type: "stop" });
  }

  #say(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: FromWorker): void {
    const epochs = this.#request!.recipe.epochs;
    switch (message.type) {
      case "data":
        this.#noisy = message.noisy;
        this.#rows.begin(message.columns, message.rows, ["denoised"]);
        setText(
          "verdict",
          `Trained on ${whole(message.trainingImages)} pictures, tried on ${whole(message.testImages)} others.`,
        );
        break;
      case "begun":
        setText(
          "status-build",
          `${message.variant}, ${message.threads} ${message.threads === 1 ? "thread" : "threads"}`,
        );
        break;
      case "progress": {
        const { epoch, images, imagesPerEpoch, loss, imagesPerSecond } = message.progress;
        const done = images / imagesPerEpoch;
        byId("epoch-progress", HTMLProgressElement).value = done;
        setText("status-epoch", `${epoch} of ${epochs}`);
        setText("status-loss", loss.toFixed(1));
        setText("status-rate", whole(imagesPerSecond));
        setText("status-left", clock(((epochs - epoch + 1 - done) * imagesPerEpoch) / imagesPerSecond));
        break;
      }
      case "epoch":
        this.#showEpoch(message);
        break;
      case "model":
        setCurrentModel(message.bytes, "the training in this page");
        button("save-model").disabled = false;
        break;
      case "ended":
        setText("status-left", message.why === "finished" ? "done" : "stopped");
        this.#end();
        break;
      case "failed":
        this.#fail(message.message);
    }
  }

  #showEpoch({ epoch, test, row }: Extract<FromWorker, { type: "epoch" }>): void {
    const { number, loss, imagesPerSecond, seconds } = epoch;
    const { epochs } = this.#request!.recipe;
    this.#seconds += seconds;
    performance.mark("epoch", { detail: imagesPerSecond });
    this.#points.push({ epoch: number, training: loss, test: test.mse });
    this.#chart.show(this.#points, epochs);
    this.#rows.draw(row);
    byId("epoch-progress", HTMLProgressElement).value = 1;
    setText("status-epoch", `${number} of ${epochs}`);
    setText("status-loss", loss.toFixed(1));
    setText("status-test", test.mse.toFixed(1));
    setText("status-rate", whole(imagesPerSecond));
    setText("status-left", clock((this.#seconds / number) * (epochs - number)));
    setText("verdict", verdict(test, this.#noisy!));
    const now = performance.now();
    if (now - this.#asked < MODEL_EVERY && number < epochs) return;
    this.#asked = now;
    this.#say({ type: "model" });
  }

  #fail(message: string): void {
    setMessage("train-message", message);
    setText("status-left", "failed");
    this.#end();
  }

  /** The worker ends itself after its last message has been heard. */
  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#paused = false;
    worker?.postMessage({ type: "model" } satisfies ToWorker);
    setTimeout(() => worker?.terminate(), 1000);
    this.#showState("idle");
  }

  #showState(state: "idle" | "running" | "paused"): void {
    lockRecipeForm(state !== "idle");
    button("start").disabled = state !== "idle";
    button("pause").disabled = state === "idle";
    button("stop").disabled = state === "idle";
    setText("pause", state === "paused" ? "Go on" : "Pause");
  }
}

/** In words, what the figures say. */
function verdict(test: TestResult, noisy: TestResult): string {
  const figures = `PSNR of the test pictures: noisy ${noisy.psnr.toFixed(2)} dB, denoised ${test.psnr.toFixed(2)} dB.`;
  return test.mse > noisy.mse
    ? `${figures} It compresses more than it denoises: the output is further from the original than the noisy picture.`
    : figures;
}

function saveModel(): void {
  const shown = currentModel();
  if (!shown) return;
  download(new Blob([shown.bytes]), modelFileName(shown.model));
}

async function loadModel({ target }: Event): Promise<void> {
  const field = target as HTMLInputElement;
  const file = field.files?.[0];
  field.value = "";
  if (!file) return;
  setMessage("train-message");
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    setText("model-facts", modelSummary(decodeModel(bytes, file.name), file.name));
    setCurrentModel(bytes, file.name);
    button("save-model").disabled = false;
  } catch (error) {
    setMessage("train-message", messageOf(error));
  }
}
