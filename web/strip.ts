/** Several pictures at once: a strip of their names, and all of them denoised in a ZIP file. */
import { Zip, ZipPassThrough } from "fflate";
import type { Denoising } from "./denoising.ts";
import { button, byId, download, messageOf, setDisabled, setText } from "./dom.ts";
import { pictureOfFile } from "./pictures.ts";

interface Item {
  readonly file: File;
  readonly element: HTMLButtonElement;
}

export class Strip {
  #items: readonly Item[] = [];
  #running: AbortController | undefined;

  constructor(
    private readonly choose: (file: File) => unknown,
    private readonly denoising: Denoising,
  ) {
    button("zip").addEventListener("click", () => void this.#zip());
    button("zip-cancel").addEventListener("click", () => this.#running?.abort());
  }

  /** Shows the names of several files. A single one, or none, needs no strip. */
  show(files: readonly File[]): void {
    this.#running?.abort();
    byId("strip", HTMLElement).hidden = files.length < 2;
    setText("strip-state", `${files.length} pictures`);
    this.#items = files.map((file, index) => {
      const element = document.createElement("button");
      element.type = "button";
      element.className = "chip";
      element.textContent = file.name;
      element.addEventListener("click", () => {
        this.#press(element);
        this.choose(file);
      });
      if (index === 0) element.setAttribute("aria-pressed", "true");
      return { file, element };
    });
    byId("strip-names", HTMLElement).replaceChildren(...this.#items.map(({ element }) => element));
  }

  #press(pressed: HTMLElement): void {
    for (const { element } of this.#items) element.setAttribute("aria-pressed", String(element === pressed));
  }

  async #zip(): Promise<void> {
    const control = new AbortController();
    this.#running = control;
    const items = this.#items;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    const zip = new Zip((error, data) => {
      if (error) throw error;
      parts.push(data as Uint8Array<ArrayBuffer>);
    });
    const failed: string[] = [];
    const taken = new Set<string>();
    setDisabled(button("zip-cancel"), false, button("zip"));
    setDisabled(button("zip"), true, button("zip-cancel"));
    for (const { element } of items) delete element.dataset.state;
    for (const [index, { file, element }] of items.entries()) {
      if (control.signal.aborted) break;
      setText("strip-state", `${index + 1} of ${items.length}: ${file.name}`);
    const begun = this.denoising.begin();
      element.dataset.state = "working";
      try {
        const { name, blob } = await (await begun).file(await pictureOfFile(file), control.signal);
        // Pictures are packed already; packing them again would save nothing.
        const entry = new ZipPassThrough(unique(name, taken));
        zip.add(entry);
        entry.push(new Uint8Array(await blob.arrayBuffer()), true);
        element.dataset.state = "done";
      } catch (error) {
        if (control.signal.aborted) delete element.dataset.state;
        else {
          element.dataset.state = "failed";
          const reason = messageOf(error);
          failed.push(reason.startsWith(file.name) ? reason : `${file.name}: ${reason}`);
        }
      }
    }
    zip.end();
    setDisabled(button("zip"), false, button("zip-cancel"));
    setDisabled(button("zip-cancel"), true, button("zip"));
    if (items !== this.#items) return;
    if (control.signal.aborted) setText("strip-state", "Cancelled.");
    else {
      const done = items.length - failed.length;
      setText("strip-state", [`${done} of ${items.length} denoised.`, ...failed].join(" "));
    begun.then(
      (batch) => batch.end(),
      () => {},
    );
      if (done > 0) download(new Blob(parts, { type: "application/zip" }), "denoised.zip");
    }
  }
}

/** The name, with a number if another file has it already. */
function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = name.replace(/(\.\w+)?$/, ` (${number})$1`);
  taken.add(free);
  return free;
}
