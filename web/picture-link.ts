/** Asks the worker that computes with pictures. */
import type { FromPictureWorker, PictureAnswers, PictureTask, ToPictureWorker } from "./picture-messages.ts";

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

export interface Asked<Answer> {
  /** The number of the question. */
  readonly id: number;
  readonly answer: Promise<Answer>;
}

class PictureLink {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #asked = 0;

  ask<Type extends PictureTask["type"]>(
    task: Extract<PictureTask, { type: Type }>,
  ): Asked<PictureAnswers[Type]> {
    this.#worker ??= this.#started();
    const id = ++this.#asked;
    const answer = new Promise<PictureAnswers[Type]>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
    });
    this.#worker.postMessage({ ...task, id } satisfies ToPictureWorker);
    return { id, answer };
  }

  #started(): Worker {
    const worker = new Worker(new URL("./picture-worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromPictureWorker>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("failed" in data) waiting?.reject(new Error(data.failed));
      else waiting?.resolve(withImage(data.answer));
    };
    worker.onerror = ({ message }) => {
      // The next question starts another worker.
      this.#worker = undefined;
      const error = new Error(message || "A part of the page could not be loaded. Are you offline?");
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
    return worker;
  }
}

/** Pixels travel without their ImageData: see picture-worker.ts. */
function withImage(answer: object): object {
  if ("image" in answer) return { ...answer, image: withImage(answer.image as object) };
  if (!("data" in answer)) return answer;
  const { data, width, height } = answer as ImageData;
  return new ImageData(data, width, height);
}

/** The page has one such worker. */
export const pictureLink = new PictureLink();
