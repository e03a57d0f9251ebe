/** Learns from the picture that is shown: how strong its noise is at each brightness, or a network that denoises it. */
import { button, byId, setDisabled, setMessage, setText, tell } from "./dom.ts";
import { showErrors, showNoise } from "./learned-chart.ts";
import type { FromLearnWorker, Learned, LearningTask, Look } from "./learning-messages.ts";
import { beginWork, showWork } from "./work-row.ts";

/** What shows the picture that is learned from. */
interface Shown {
  /** What there is to learn from, if there is a picture. */
  task(type: LearningTask["type"]): Promise<LearningTask | undefined>;
  begin(): void;
  /** Called when a network has begun to learn, some time before its first look. */
  start(): void;
  look(look: Look): void;
  /** Called when learning has failed or was cancelled. */
  end(): void;
  /** Called when something was learned, or forgotten. */
  change(): void;
}

const buttons = { calibrate: "calibration", learn: "network" } as const;

export class Learning {
  #learned: Learned | undefined;
  #worker: Worker | undefined;
  /** Mean squared errors of the network that learns. */
  #errors: number[] = [];

  constructor(private readonly shown: Shown) {
    for (const [id, type] of Object.entries(buttons))
      button(id).addEventListener("click", () =>
        tell("denoise-message", async () => {
          const task = await shown.task(type);
          if (task) this.#begin(task);
        }),
      );
    button("forget").addEventListener("click", () => {
      button("calibrate").focus();
      this.#take(undefined);
    });
  }

  /** What was learned, unless it was forgotten. */
  get learned(): Learned | undefined {
    return this.#learned;
  }

  /** Ends the work, if it is under way, without a result. */
  drop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#show();
  }

  #begin(task: LearningTask): void {
    this.#learned = undefined;
    this.#worker?.terminate();
    const worker = new Worker(new URL("./learn-worker.js", import.meta.url), { type: "module" });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromLearnWorker>) => {
      if (worker === this.#worker) this.#hear(data);
    };
    worker.onerror = ({ message }) =>
      this.#fail(message || "A part of the page could not be loaded. Are you offline?");
    worker.postMessage(task);
    this.#errors = [];
    setText("learned-words", "Learning how strong the noise is at each brightness…");
    byId("learned-chart", HTMLElement).replaceChildren();
    if (task.type === "network") showErrors([], false);
    this.shown.begin();
    beginWork("Learning", () => {
      this.drop();
      this.shown.end();
    });
    this.#show();
  }

  #hear(message: FromLearnWorker): void {
    if ("pixels" in message) this.shown.look(message);
    else if ("failed" in message) this.#fail(message.failed);
    else if ("learned" in message) this.#take(message.learned);
    else {
      showWork(message.done);
      if (message.loss === undefined) return;
      if (this.#errors.length === 0) this.shown.start();
      this.#errors.push(message.loss);
      showErrors(this.#errors, false);
    }
  }

  #fail(reason: string): void {
    this.drop();
    // What a program is told by an option is set by a field here.
    const words = reason.replace(/(g)ive the noise as `noise`/i, (_, letter) =>
      letter === "G" ? "Set the noise level by hand" : "set the noise level by hand",
    );
    setMessage("denoise-message", words);
    this.shown.end();
  }

  #take(learned: Learned | undefined): void {
    this.#learned = learned;
    if (learned?.calibration) showNoise(learned.calibration);
    else if (learned) showErrors(this.#errors, true);
    this.drop();
    this.shown.change();
  }

  #show(): void {
    const isBusy = this.#worker !== undefined;
    byId("learned", HTMLElement).hidden = !isBusy && !this.#learned;
    for (const id of Object.keys(buttons)) setDisabled(button(id), isBusy, button("work-cancel"));
    setDisabled(button("forget"), isBusy, button("work-cancel"));
  }
}
