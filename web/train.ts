/** The tab "Train": runs a training in a worker and shows its progress. */
import { decodeCheckpoint } from "../src/training/checkpoint.ts";
import { recipes } from "../src/training/recipes.ts";
import { setCurrentModel } from "./current-model.ts";
import { button, byId, clock, download, input, onFile, setMessage, setText, tell, whole } from "./dom.ts";
import { LossChart, type LossPoint } from "./loss-chart.ts";
import { checkpointFileName } from "./model-text.ts";
import { PictureRows } from "./picture-rows.ts";
import { lockRecipeForm, requestFromCheckpoint, requestFromForm, startRecipeForm } from "./recipe-form.ts";
import {
  type FromWorker,
  rowLabels,
  type TestResult,
  type ToWorker,
  type TrainingRequest,
} from "./training-messages.ts";

/** The least milliseconds between two requests for the model in training. */
const MODEL_EVERY = 500;
/** The least milliseconds between two drawings, however short an epoch is, since they take a core from the training. */
const DRAW_EVERY = 500;

type EpochMessage = Extract<FromWorker, { type: "epoch" }>;
type ProgressMessage = Extract<FromWorker, { type: "progress" }>;

export function startTrain(): void {
  startRecipeForm();
  const view = new TrainView();
  byId("recipe-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    void tell("train-message", () => view.start(requestFromForm()));
  });
  button("pause").addEventListener("click", () => view.pauseOrGoOn());
  button("stop").addEventListener("click", () => view.stop());
  button("save-figure").addEventListener("click", () => view.saveFigure());
  button("save-checkpoint").addEventListener("click", () => view.saveCheckpoint());
  onFile("load-checkpoint", "train-message", async (name, bytes) =>
    view.start(requestFromCheckpoint(await decodeCheckpoint(bytes, name))),
  );
}

class TrainView {
  readonly #chart = new LossChart(byId("loss-chart", HTMLElement));
  readonly #rows = new PictureRows();
  readonly #points: LossPoint[] = [];
  #worker: Worker | undefined;
  #request: TrainingRequest | undefined;
  #noisy: TestResult | undefined;
  #paused = false;
  /** When the model was last requested. */
  #asked = 0;
  /** What is not drawn yet: the last finished epoch, and the progress of the next one. */
  #news: { epoch?: EpochMessage; progress?: ProgressMessage } = {};
  /** The timer that will draw it. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When something was last drawn. */
  #drawn = 0;
  /** Seconds that the epochs so far took. */
  #seconds = 0;
  /** The checkpoint file of the training that was stopped. */
  #checkpoint: Uint8Array<ArrayBuffer> | undefined;
  /** Whether the user is to get the next checkpoint that arrives as a file. */
  #saving = false;

  constructor() {
    const first = recipes["fashion-autoencoder"];
    this.#chart.show([], first.epochs);
    this.#rows.begin(rowLabels(first));
  }

  start(request: TrainingRequest): void {
    this.#request = request;
    const before = request.from?.epochs ?? [];
    this.#points.splice(0, Infinity, ...before.map(({ loss }) => ({ training: loss })));
    this.#seconds = before.reduce((sum, { seconds }) => sum + seconds, 0);
    this.#checkpoint = undefined;
    this.#saving = false;
    button("save-checkpoint").disabled = true;
    this.#chart.show(this.#points, request.recipe.epochs);
    this.#rows.begin(rowLabels(request.recipe));
    button("save-figure").disabled = true;
    for (const id of ["epoch", "loss", "test", "rate", "left", "build"]) setText(`status-${id}`, "–");
    setText("status-epoch", "loading");
    this.#worker = new Worker(new URL("./train-worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    this.#worker.onerror = ({ message }) =>
      this.#fail(message ?? "The training's worker could not be started.");
    this.#say({ type: "start", request });
    setText("train-said", "Training begun.");
    this.#showState("running");
  }

  pauseOrGoOn(): void {
    this.#paused = !this.#paused;
    this.#say({ type: this.#paused ? "pause" : "goOn" });
    this.#draw();
    this.#showState(this.#paused ? "paused" : "running");
    setText("train-said", this.#paused ? "Training paused." : "Training goes on.");
  }

  stop(): void {
    this.#say({ type: "stop" });
  }

  async saveFigure(): Promise<void> {
    download(await this.#rows.figure(), "test-pictures.png");
  }

  saveCheckpoint(): void {
    this.#saving = true;
    if (this.#checkpoint) this.#takeCheckpoint(this.#checkpoint);
    else this.#say({ type: "checkpoint" });
  }

  #takeCheckpoint(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#saving) download(new Blob([bytes]), checkpointFileName(this.#request!));
    this.#saving = false;
    if (!this.#worker) this.#checkpoint = bytes;
    button("save-checkpoint").disabled = false;
  }

  #say(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case "data":
        this.#noisy = message.noisy;
        this.#rows.begin(rowLabels(this.#request!.recipe), message.columns, message.rows);
        setText(
          "verdict",
          `Trained on ${whole(message.trainingImages)} pictures, tested on ${whole(message.testImages)} others.`,
        );
        break;
      case "begun":
        button("save-checkpoint").disabled = false;
        setText(
          "status-build",
          `${message.variant}, ${message.threads} ${message.threads === 1 ? "thread" : "threads"}`,
        );
        break;
      case "progress":
        this.#news.progress = message;
        this.#drawSoon();
        break;
      case "epoch":
        this.#takeEpoch(message);
        break;
      case "model":
        setCurrentModel(message.bytes, "the training in this page");
        break;
      case "checkpoint":
        this.#takeCheckpoint(message.bytes);
        break;
      case "ended":
        this.#end(message.why === "stopped");
        setText("status-left", message.why === "finished" ? "done" : "stopped");
        setText("train-said", `Training ${message.why}. ${byId("verdict", HTMLElement).textContent}`);
        break;
      case "failed":
        this.#fail(message.message);
    }
  }

  #takeEpoch(message: EpochMessage): void {
    const { epoch, test } = message;
    performance.mark("epoch", { detail: epoch });
    this.#seconds += epoch.seconds;
    this.#points.push({ training: epoch.loss, test: test.mse });
    this.#news = { epoch: message };
    this.#drawSoon();
  }

  #drawSoon(): void {
    const rest = this.#paused ? 0 : this.#drawn + DRAW_EVERY - performance.now();
    this.#timer ??= setTimeout(() => this.#draw(), rest);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawn = performance.now();
    const { epoch, progress } = this.#news;
    this.#news = {};
    if (epoch) this.#drawEpoch(epoch);
    if (progress) this.#drawProgress(progress);
  }

  #drawProgress({ progress }: ProgressMessage): void {
    const { epochs } = this.#request!.recipe;
    const { epoch, images, imagesPerEpoch, loss, imagesPerSecond } = progress;
    const done = images / imagesPerEpoch;
    byId("epoch-progress", HTMLProgressElement).value = done;
    setText("status-epoch", `${epoch} of ${epochs}`);
    setText("status-loss", loss.toFixed(1));
    setText("status-rate", whole(imagesPerSecond));
    setText("status-left", clock(((epochs - epoch + 1 - done) * imagesPerEpoch) / imagesPerSecond));
  }

  #drawEpoch({ epoch, test, row }: EpochMessage): void {
    const { number, loss, imagesPerSecond } = epoch;
    const { epochs } = this.#request!.recipe;
    this.#chart.show(this.#points, epochs);
    this.#rows.draw(row);
    button("save-figure").disabled = false;
    byId("epoch-progress", HTMLProgressElement).value = 1;
    setText("status-epoch", `${number} of ${epochs}`);
    setText("status-loss", loss.toFixed(1));
    setText("status-test", test.mse.toFixed(1));
    setText("status-rate", whole(imagesPerSecond));
    setText("status-left", clock((this.#seconds / number) * (epochs - number)));
    setText("verdict", verdict(test, this.#noisy!));
    if (this.#drawn - this.#asked < MODEL_EVERY && number < epochs) return;
    this.#asked = this.#drawn;
    this.#say({ type: "model" });
  }

  #fail(message: string): void {
    setMessage("train-message", message);
    this.#end();
    setText("status-left", "failed");
  }

  /**
   * Ends the training. The worker is terminated a second later, after its last messages have arrived.
   * @param unfinished whether the training can be continued from a checkpoint
   */
  #end(unfinished = false): void {
    this.#draw();
    this.#say({ type: "model" });
    if (unfinished) this.#say({ type: "checkpoint" });
    else button("save-checkpoint").disabled = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#paused = false;
    setTimeout(() => worker?.terminate(), 1000);
    this.#showState("idle");
  }

  #showState(state: "idle" | "running" | "paused"): void {
    lockRecipeForm(state !== "idle");
    button("start").disabled = state !== "idle";
    input("load-checkpoint").disabled = state !== "idle";
    button("pause").disabled = state === "idle";
    button("stop").disabled = state === "idle";
    setText("pause", state === "paused" ? "Go on" : "Pause");
  }
}

/** The test result in words. */
function verdict(test: TestResult, noisy: TestResult): string {
  const figures = `PSNR of the test pictures: noisy ${noisy.psnr.toFixed(2)} dB, denoised ${test.psnr.toFixed(2)} dB.`;
  return test.mse > noisy.mse
    ? `${figures} It compresses more than it denoises: the output is further from the original than the noisy picture.`
    : figures;
}
