/** The trainings before the one that is shown, until the page is closed: a list below the chart, from which each can be removed. */
import { byId, select } from "./dom.ts";
import { type Line, lineOf, type Run } from "./training-curve.ts";

interface EarlierRun extends Run {
  readonly number: number;
}

export class EarlierRuns {
  readonly #element = byId("runs", HTMLElement);
  #runs: EarlierRun[] = [];
  #count = 0;
  /** Where each run's value at an epoch is told. */
  readonly #values = new Map<number, HTMLElement>();

  constructor(private readonly onChange: () => void) {}

  get runs(): readonly EarlierRun[] {
    return this.#runs;
  }

  add(run: Run): void {
    this.#runs = [...this.#runs.filter(({ kept }) => kept !== run.kept), { ...run, number: ++this.#count }];
    this.#lay();
  }

  /** Tells the values of all runs at an epoch, or of none. */
  read(epoch: number | undefined, line: Line): void {
    for (const { number, curve } of this.#runs) {
      const value = epoch === undefined ? undefined : lineOf(curve, line)[epoch - 1];
      this.#values.get(number)!.textContent = value === undefined ? "" : `: ${value.toFixed(2)}`;
    }
  }

  #remove(number: number): void {
    this.#runs = this.#runs.filter((run) => run.number !== number);
    this.#lay();
    this.onChange();
    (this.#element.querySelector("button") ?? select("curve-what")).focus();
  }

  #lay(): void {
    this.#values.clear();
    this.#element.hidden = this.#runs.length === 0;
    this.#element.replaceChildren(
      ...this.#runs.map(({ number, name }) => {
        const item = document.createElement("li");
        const [words, value] = [document.createElement("span"), document.createElement("span")];
        words.append(`${number}: ${name}`, value);
        const button = document.createElement("button");
        Object.assign(button, {
          type: "button",
          className: "close",
          ariaLabel: `Remove run ${number}, ${name}`,
        });
        button.addEventListener("click", () => this.#remove(number));
        item.append(words, button);
        this.#values.set(number, value);
        return item;
      }),
    );
  }
}
