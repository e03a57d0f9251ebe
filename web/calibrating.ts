/** Calibrates to the noise of the picture that is shown, and shows how strong it is at each brightness. */
import { type Calibration, noiseLevels } from "../src/learning/calibration.ts";
import { element, round } from "../src/report/markup.ts";
import { button, byId, setDisabled, setMessage, setText, tell } from "./dom.ts";

export interface CalibrateTask {
  readonly image: ImageData;
  /** Model files. */
  readonly models: readonly (ArrayBuffer | Uint8Array<ArrayBuffer>)[];
}

export type FromCalibrateWorker =
  | { readonly done: number }
  | { readonly calibration: Calibration }
  | { readonly failed: string };

const [WIDTH, HEIGHT] = [324, 96];
/** The knots between which the noise is shown: where the picture has values. */
const [FIRST, LAST] = [6, 121];

/** Whether pictures are denoised by a calibration. */
export const isCalibrated = (): boolean => !byId("calibration", HTMLElement).hidden;

export class Calibrating {
  #calibration: Calibration | undefined;
  #worker: Worker | undefined;

  /**
   * @param task what there is to calibrate, if there is a picture
   * @param onChange called when there is a calibration, and when there is none any more
   */
  constructor(
    task: () => Promise<CalibrateTask | undefined>,
    readonly onChange: () => void,
  ) {
    button("calibrate").addEventListener("click", () =>
      tell("denoise-message", async () => {
        const given = await task();
        if (given) this.#begin(given);
      }),
    );
    button("calibrate-cancel").addEventListener("click", () => this.#end());
    button("calibrate-forget").addEventListener("click", () => {
      button("calibrate").focus();
      this.#take(undefined);
    });
  }

  /** What was learned, unless it was forgotten. */
  get calibration(): Calibration | undefined {
    return this.#calibration;
  }

  #begin(task: CalibrateTask): void {
    this.#end();
    const worker = new Worker(new URL("./calibrate-worker.js", import.meta.url), { type: "module" });
    this.#worker = worker;
    const progress = byId("calibrate-progress", HTMLProgressElement);
    progress.value = 0;
    worker.onmessage = ({ data }: MessageEvent<FromCalibrateWorker>) => {
      if (worker !== this.#worker) return;
      if ("done" in data) {
        progress.value = data.done;
        return;
      }
      this.#end();
      if ("failed" in data) setMessage("denoise-message", data.failed);
      else this.#take(data.calibration);
    };
    worker.onerror = ({ message }) => {
      this.#end();
      setMessage("denoise-message", message || "A part of the page could not be loaded. Are you offline?");
    };
    worker.postMessage(task);
    this.#showBusy(true);
  }

  /** Ends the work, if it is under way. */
  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#showBusy(false);
  }

  #showBusy(isBusy: boolean): void {
    byId("calibrating", HTMLElement).hidden = !isBusy;
    setDisabled(button("calibrate"), isBusy, button("calibrate-cancel"));
    if (!isBusy && document.activeElement === button("calibrate-cancel")) button("calibrate").focus();
  }

  #take(calibration: Calibration | undefined): void {
    this.#calibration = calibration;
    byId("calibration", HTMLElement).hidden = !calibration;
    if (calibration) showCurve(calibration);
    this.onChange();
  }
}

function showCurve(calibration: Calibration): void {
  const values = calibration.places.slice(FIRST, LAST + 1);
  const levels = noiseLevels(calibration, values);
  const most = Math.max(...levels);
  const x = (value: number) => round((WIDTH * (value - values[0]!)) / (values.at(-1)! - values[0]!));
  const y = (level: number) => round(HEIGHT - (level / most) * (HEIGHT - 4));
  const points = levels.map((level, i) => `${i ? "L" : "M"}${x(values[i]!)},${y(level)}`);
  const [dark, middle, light] = [levels[0]!, levels[levels.length >> 1]!, levels.at(-1)!].map((level) =>
    level.toFixed(1),
  );
  const words = `The noise was learned: σ ${dark} in the dark, ${middle} between, ${light} in the light. ${
    calibration.spread
      ? "That of neighbouring pixels goes together, as cameras and JPEG files leave it; without calibration, more of it may be found."
      : "It serves for other pictures of the same source, too."
  }`;
  byId("calibration-chart", HTMLElement).innerHTML = element(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": "The noise at each brightness, from dark to light",
    },
    element("path", { class: "normal", d: points.join("") }),
  );
  setText("calibration-words", words);
}
