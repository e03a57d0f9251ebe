// <denoise-img src="noisy.jpg" alt="A lighthouse"></denoise-img>: shows a picture, and denoised as soon as it is.
import { createDenoiser, readImage, toImageData } from "denoise-wasm/browser";

let shared;
/** All elements of a page share a denoiser. It works in a worker of its own. */
const denoiserOf = () => {
  shared ??= createDenoiser({ worker: true }).catch((error) => {
    // The next picture tries it again.
    shared = undefined;
    throw error;
  });
  return shared;
};

/**
 * Attributes: `src`, `alt`, and `sigma`, the level of the noise (without it, it is found). The attribute `state` becomes "loading",
 * "done" or "failed"; the events are `load` and `error`, with the error as `detail`. The picture has to be of the same
 * origin as the page, or sent with the headers of CORS.
 */
export class DenoiseImage extends HTMLElement {
  static observedAttributes = ["src", "alt", "sigma"];
  #canvas = document.createElement("canvas");
  #last;

  constructor() {
    super();
    const style = document.createElement("style");
    style.textContent = ":host { display: inline-block } canvas { max-width: 100%; height: auto }";
    this.attachShadow({ mode: "open" }).append(style, this.#canvas);
    this.#canvas.setAttribute("role", "img");
  }

  connectedCallback() {
    this.#show();
  }

  disconnectedCallback() {
    this.#last?.abort();
  }

  attributeChangedCallback(name, _, value) {
    if (name === "alt") this.#canvas.setAttribute("aria-label", value ?? "");
    else if (this.isConnected) this.#show();
  }

  async #show() {
    this.#last?.abort();
    const src = this.getAttribute("src");
    if (!src) return;
    this.#last = new AbortController();
    const { signal } = this.#last;
    this.setAttribute("state", "loading");
    try {
      const response = await fetch(src, { signal });
      if (!response.ok) throw new Error(`${src}: ${response.status} ${response.statusText}`);
      const picture = await readImage(await response.blob());
      if (!signal.aborted) this.#draw(picture);
      const level = this.getAttribute("sigma");
      const denoiser = await denoiserOf();
      const clean = await denoiser.denoise(picture, {
        signal,
        ...(level !== null && { sigma: Number(level) }),
      });
      if (signal.aborted) return;
      this.#draw(clean);
      this.setAttribute("state", "done");
      this.dispatchEvent(new Event("load"));
    } catch (error) {
      if (signal.aborted) return;
      this.setAttribute("state", "failed");
      this.dispatchEvent(new CustomEvent("error", { detail: error }));
    }
  }

  #draw(picture) {
    const { width, height } = picture;
    Object.assign(this.#canvas, { width, height });
    this.#canvas.getContext("2d").putImageData(toImageData(picture), 0, 0);
  }
}

customElements.define("denoise-img", DenoiseImage);
