/** A training as the page shows it: runs it in a worker and shows its progress. */

import { isConvolutional } from "../src/network/spec.ts";
import type { Progress } from "../src/training/train-options.ts";
import { setCurrentModel } from "./current-model.ts";
import { CurveChart } from "./curve-chart.ts";
import { button, byId, download, setMessage, setText, whole } from "./dom.ts";
import { checkpointFileName } from "./model-text.ts";
import { PictureRows } from "./picture-rows.ts";
import { chosenRecipe } from "./recipe-form.ts";
import { curveOf, keepCurve, type TrainingCurve, verdict } from "./training-curve.ts";
import { type FromWorker, rowLabels, type ToWorker, type TrainingRequest } from "./training-messages.ts";
import { clearStatus, showEnd, showEpoch, showKept, showProgress, showState } from "./training-status.ts";

/** The least milliseconds between two requests for the model in training. */
const MODEL_EVERY = 500;
/** The least milliseconds between two drawings, however short an epoch is, since they take a core from the training. */
const DRAW_EVERY = 500;

type EpochMessage = Extract<FromWorker, { type: "epoch" }>;
type DataMessage = Extract<FromWorker, { type: "data" }>;

export class TrainView {
  readonly #chart = new CurveChart();
  readonly #rows = new PictureRows();
  #curve: TrainingCurve = { points: [] };
  /** The digest of the pictures that are trained on, once they are loaded. */
  #sha256 = "";
  #worker: Worker | undefined;
  #request: TrainingRequest | undefined;
  #paused = false;
  /** When the model was last requested. */
  #asked = 0;
  /** What is not drawn yet: the last finished epoch, and the progress of the next one. */
  #news: { epoch?: EpochMessage; progress?: Progress } = {};
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

  /** @param onEnd called when a training has ended */
  constructor(private readonly onEnd: () => void) {
    this.#chart.show(undefined, chosenRecipe().epochs);
    // Leaving the page would end the training.
    addEventListener("beforeunload", (event) => {
      if (this.#worker) event.preventDefault();
    });
    // A page that is hidden may be closed without another word.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#say({ type: "keep" });
    });
  }

  start(request: TrainingRequest): void {
    this.#request = request;
    const { from } = request;
    this.#curve = from ? curveOf(from) : { points: [] };
    this.#seconds = (from?.epochs ?? []).reduce((sum, { seconds }) => sum + seconds, 0);
    this.#checkpoint = undefined;
    this.#saving = false;
    button("save-checkpoint").disabled = true;
    this.#showCurve();
    byId("test-pictures", HTMLElement).hidden = true;
    setText("verdict", "");
    button("save-figure").disabled = true;
    button("save-curve").disabled = true;
    clearStatus();
    this.#worker = new Worker(new URL("./train-worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    this.#worker.onerror = ({ message }) =>
      this.#fail(message || "A part of the page could not be loaded. Are you offline? Then try again later.");
    this.#say({ type: "start", request });
    setText("train-said", "Training begun.");
    showState("running");
  }

  pauseOrGoOn(): void {
    this.#paused = !this.#paused;
    this.#say({ type: this.#paused ? "pause" : "goOn" });
    this.#draw();
    showState(this.#paused ? "paused" : "running");
    setText("train-said", this.#paused ? "Training paused." : "Training goes on.");
  }

  /** Trains on one batch, then pauses again. */
  step(): void {
    this.#say({ type: "step" });
  }

  stop(): void {
    this.#say({ type: "stop" });
  }

  saveCurve(): void {
    const table = new Blob([this.#chart.table()], { type: "text/csv" });
    download(table, `${this.#request!.recipe.name}-curve.csv`);
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
        this.#takeData(message);
        break;
      case "begun":
        button("save-checkpoint").disabled = false;
        setText(
          "status-build",
          `${message.variant}, ${message.threads} ${message.threads === 1 ? "thread" : "threads"}`,
        );
        break;
      case "progress":
        this.#news.progress = message.progress;
        if (message.isStep) this.#drawStep(message.progress);
        else this.#drawSoon();
        break;
      case "epoch":
        this.#takeEpoch(message);
        break;
      case "model":
        setCurrentModel({
          bytes: message.bytes,
          from: "the training in this page",
          denoises: isConvolutional(this.#request!.recipe.spec),
        });
        break;
      case "checkpoint":
        this.#takeCheckpoint(message.bytes);
        break;
      case "kept":
        showKept(message.isKept);
        break;
      case "ended":
        this.#end(message.why === "finished" ? "done" : "stopped");
        setText("train-said", `Training ${message.why}. ${byId("verdict", HTMLElement).textContent}`);
        break;
      case "failed":
        this.#fail(message.message);
    }
  }

  #takeData({
    sha256,
    noisy,
    before,
    columns,
    rows,
    leftOut,
    trainingImages,
    testImages,
  }: DataMessage): void {
    this.#sha256 = sha256;
    this.#curve.noisy = noisy;
    this.#curve.before ??= before;
    const { recipe, base } = this.#request!;
    this.#rows.begin(rowLabels(recipe, base), columns, rows);
    byId("test-pictures", HTMLElement).hidden = false;
    this.#showCurve();
    const pictures = `${whole(trainingImages)} ${trainingImages === 1 ? "picture" : "pictures"}`;
    setText("verdict", `Trained on ${pictures}, tested on ${whole(testImages)} others or parts of them.`);
    const isOwn = this.#request!.data.kind === "pictures";
    if (isOwn && leftOut.length > 0) setText("pictures-chosen", `Left out: ${leftOut.join("; ")}.`);
  }

  #takeEpoch(message: EpochMessage): void {
    const { epoch, psnr } = message;
    performance.mark("epoch", { detail: epoch });
    this.#seconds += epoch.seconds;
    this.#curve.points.push({ loss: epoch.loss, psnr });
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
    if (!progress) return;
    showProgress(progress, this.#request!.recipe);
  }

  #showCurve(): void {
    const { recipe, seed, kept } = this.#request!;
    const name = `${recipe.name}, learning rate ${Number(recipe.optimizer.learningRate.toPrecision(3))}, seed ${seed}`;
    this.#chart.show({ kept, name, curve: this.#curve }, recipe.epochs);
  }

  /** What came of a single batch is shown at once, and told. */
  #drawStep({ loss }: Progress): void {
    this.#draw();
    setText("train-said", `${byId("batch-now", HTMLElement).textContent}: loss ${loss.toFixed(1)}.`);
  }

  #drawEpoch({ epoch, psnr, row }: EpochMessage): void {
    const { recipe } = this.#request!;
    this.#showCurve();
    keepCurve(this.#request!, this.#sha256, this.#curve);
    this.#rows.draw(row);
    button("save-figure").disabled = false;
    button("save-curve").disabled = false;
    showEpoch(epoch, psnr.test, recipe, this.#seconds);
    setText("verdict", verdict(this.#curve, !isConvolutional(recipe.spec)));
    if (this.#drawn - this.#asked < MODEL_EVERY && epoch.number < recipe.epochs) return;
    this.#asked = this.#drawn;
    this.#say({ type: "model" });
  }

  #fail(message: string): void {
    // The form has no field for what a recipe may say.
    setMessage("train-message", message.replace(" or more patchesPerEpoch", ""));
    this.#end("failed");
  }

  /**
   * Ends the training. The worker is terminated a second later, after its last messages have arrived.
   * @param how a training that was stopped can go on from a checkpoint
   */
  #end(how: "done" | "stopped" | "failed"): void {
    this.#draw();
    showEnd(how);
    this.#say({ type: "model" });
    if (how === "stopped") this.#say({ type: "checkpoint" });
    else button("save-checkpoint").disabled = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#paused = false;
    setTimeout(() => worker?.terminate(), 1000);
    showState("idle");
    this.onEnd();
  }
}
