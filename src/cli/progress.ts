import cliProgress from "cli-progress";
import type { Epoch, Progress } from "../training/train-options.ts";

/** Shows the progress of a training on standard error, since standard output is for `--json`. */
export interface TrainingProgress {
  report(progress: Progress): void;
  epoch(epoch: Epoch): void;
  stop(): void;
}

/**
 * Shows a bar on a terminal, and elsewhere prints a line for each epoch.
 * @param before how many epochs, not necessarily a whole number, were done before
 */
export function trainingProgress(epochs: number, before: number): TrainingProgress {
  return process.stderr.isTTY ? bar(epochs, before) : lines(epochs);
}

function bar(epochs: number, before: number): TrainingProgress {
  const progress = new cliProgress.SingleBar({
    format: "epoch {epoch}/{epochs} [{bar}] loss {loss} · {rate} images/s · {left} left",
    barsize: 24,
    hideCursor: true,
    fps: 10,
  });
  const start = performance.now();
  const show = (done: number, epoch: number, loss: number, rate: number) => {
    const left = ((performance.now() - start) / (done - before)) * (epochs - done);
    const shown = {
      epoch,
      epochs,
      loss: loss.toFixed(1),
      rate: Math.round(rate),
      left: duration(left / 1000),
    };
    if (progress.isActive) progress.update(done, shown);
    else progress.start(epochs, done, shown);
  };
  return {
    report({ epoch, images, imagesPerEpoch, loss, imagesPerSecond }) {
      show(epoch - 1 + images / imagesPerEpoch, epoch, loss, imagesPerSecond);
    },
    epoch({ number, loss, imagesPerSecond }) {
      show(number, number, loss, imagesPerSecond);
    },
    stop: () => progress.stop(),
  };
}

function lines(epochs: number): TrainingProgress {
  return {
    report() {},
    epoch({ number, loss, seconds, imagesPerSecond }) {
      const left = duration((epochs - number) * seconds);
      console.error(
        `epoch ${number}/${epochs}  loss ${loss.toFixed(1)}  ${Math.round(imagesPerSecond)} images/s  ${left} left`,
      );
    },
    stop() {},
  };
}

/** 75 → "1 min 15 s" */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Shows the progress of work whose length is known: a bar on a terminal, and nothing elsewhere. */
export function percentProgress(): { report(name: string, part: number): void; stop(): void } {
  if (!process.stderr.isTTY) return { report() {}, stop() {} };
  const bar = new cliProgress.SingleBar({
    format: "{name} [{bar}] {percentage} % · {eta_formatted} left",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
  });
  return {
    report(name, part) {
      if (!bar.isActive) bar.start(1000, 0, { name });
      bar.update(Math.round(1000 * part), { name });
    },
    stop: () => bar.stop(),
  };
}
