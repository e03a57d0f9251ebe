/** What is looked at in an outcome: how far it is from the clean picture, and what was taken away. */
import { button, messageOf, setMessage } from "./dom.ts";
import { showQuality } from "./outcome-words.ts";
import { pictureLink } from "./picture-link.ts";
import type { Outcome, PictureAnswers } from "./picture-messages.ts";

/** An outcome, and the number of the question that added its noise to a clean picture, if it was added. */
export interface Examined extends Outcome {
  readonly measured: number | undefined;
}

export class Examination {
  /** Whether an outcome is being looked at, and another one is to follow. */
  #running: { again: boolean } | undefined;

  /**
   * @param outcome what is shown now, if it is finished
   * @param onTaken called with what was taken away
   */
  constructor(
    private readonly outcome: () => Examined | undefined,
    private readonly onTaken: (taken: PictureAnswers["difference"]) => void,
  ) {}

  /** Looks at what is shown now; one at a time, the newest last. */
  begin(): void {
    if (this.#running) this.#running.again = true;
    else void this.#look();
  }

  async #look(): Promise<void> {
    const examined = this.outcome();
    if (!examined) return;
    const running = { again: false };
    this.#running = running;
    const { measured, ...outcome } = examined;
    const isShown = () => this.outcome()?.after === outcome.after;
    try {
      if (measured !== undefined) {
        const task = { type: "measure", given: measured, ...outcome } as const;
        const quality = await pictureLink.ask(task).answer;
        if (isShown() && !running.again) showQuality("denoised", quality);
      }
      if (isDifferenceOn()) {
        const taken = await pictureLink.ask({ type: "difference", ...outcome }).answer;
        if (isShown()) this.onTaken(taken);
      }
    } catch (error) {
      if (isShown()) setMessage("denoise-message", messageOf(error));
    }
    this.#running = undefined;
    if (running.again) this.begin();
  }
}

export function isDifferenceOn(): boolean {
  return button("difference").getAttribute("aria-pressed") === "true";
}
