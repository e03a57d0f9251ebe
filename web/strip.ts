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
    /** Shows a picture, if it can be read. */
    private readonly choose: (file: File) => Promise<boolean>,
    private readonly denoising: Denoising,
  ) {
    button("zip").addEventListener("click", () => void this.#zip());
    button("zip-cancel").addEventListener("click", () => this.#running?.abort());
  }

  /**
   * Shows the names of several files, and the first picture. A single one, or none, needs no strip.
   * @returns whether that picture is shown
   */
  async show(files: readonly File[]): Promise<boolean> {
    this.#running?.abort();
    byId("strip", HTMLElement).hidden = files.length < 2;
    setText("strip-state", `${files.length} pictures`);
    this.#items = files.map((file) => {
      const element = document.createElement("button");
      element.type = "button";
      element.className = "chip";
      element.textContent = file.name;
      element.setAttribute("aria-pressed", "false");
      const item = { file, element };
      element.addEventListener("click", () => void this.#show(item));
      return item;
    });
    byId("strip-names", HTMLElement).replaceChildren(...this.#items.map(({ element }) => element));
    const [first] = this.#items;
    return first !== undefined && this.#show(first);
  }

  async #show(shown: Item): Promise<boolean> {
    const isShown = await this.choose(shown.file);
    if (isShown)
      for (const { element } of this.#items)
        element.setAttribute("aria-pressed", String(element === shown.element));
    return isShown;
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
    const begun = this.denoising.begin();
    const failed: string[] = [];
    const taken = new Set<string>();
    setDisabled(button("zip-cancel"), false, button("zip"));
    setDisabled(button("zip"), true, button("zip-cancel"));
    for (const { element } of items) delete element.dataset.state;
    for (const [index, { file, element }] of items.entries()) {
      if (control.signal.aborted) break;
      setText("strip-state", `${index + 1} of ${items.length}: ${file.name}`);
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
    begun.then(
      (batch) => batch.end(),
      () => {},
    );
    zip.end();
    setDisabled(button("zip"), false, button("zip-cancel"));
    setDisabled(button("zip-cancel"), true, button("zip"));
    if (items !== this.#items) return;
    if (control.signal.aborted) setText("strip-state", "Cancelled.");
    else {
      const done = items.length - failed.length;
      setText("strip-state", [`${done} of ${items.length} denoised.`, ...failed].join(" "));
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
