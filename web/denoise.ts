/** The tab "Denoise": where pictures come from. */
import { followAddress, readAddress } from "./address.ts";
import { DenoiseView } from "./denoise-view.ts";
import { button, input, onFile, setMessage } from "./dom.ts";
import { onIncoming } from "./incoming.ts";
import { type Chosen, pictureOfFile, sample } from "./pictures.ts";
import { Strip } from "./strip.ts";

export function startDenoise(): void {
  const firstSample = readAddress();
  const view = new DenoiseView();
  const samples = document.querySelectorAll<HTMLButtonElement>("[data-sample]");
  const choose = (load: () => Promise<Chosen | undefined>, name?: string) => {
    for (const one of samples) one.setAttribute("aria-pressed", String(one.dataset.sample === name));
    return view.take(load);
  };
  const strip = new Strip((file) => choose(() => pictureOfFile(file)), view.denoising);
  for (const one of samples) {
    const name = one.dataset.sample!;
    one.addEventListener("click", () => {
      strip.show([]);
      void choose(() => sample(name), name);
    });
  }
  const chooseFiles = (files: readonly File[]) => {
    strip.show(files);
    void choose(() => pictureOfFile(files[0]!));
  };
  const field = input("picture-file");
  field.addEventListener("change", () => {
    const files = [...field.files!];
    field.value = "";
    if (files.length > 0) chooseFiles(files);
  });
  button("camera").addEventListener("click", () => {
    strip.show([]);
    void choose(async () => (await import("./camera.ts")).pictureOfCamera());
  });
  onFile("denoise-load", "denoise-message", async (name, bytes) => {
    // What reads model files comes with the tab "Train".
    const { chooseOwnModel, loadModel } = await import("./model-controls.ts");
    if (!loadModel(name, bytes).denoises)
      throw new Error(`${name} is a model for pictures of one size, and denoises no photographs.`);
    chooseOwnModel();
  });
  onIncoming("denoise", chooseFiles, (reason) => setMessage("denoise-message", reason));
  void choose(() => sample(firstSample), firstSample);
  followAddress();
}
