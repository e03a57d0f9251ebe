/** The tab "Denoise": where pictures come from. */
import {
  followAddress,
  readAddress,
  shownSample,
  usualSample,
  writeAddress,
  zoomOfAddress,
} from "./address.ts";
import { DenoiseView } from "./denoise-view.ts";
import { button, input, onFile, select, setMessage } from "./dom.ts";
import { onIncoming } from "./incoming.ts";
import { type Chosen, pictureOfFile, sample } from "./pictures.ts";
import { Strip } from "./strip.ts";

export function startDenoise(): void {
  const firstSample = readAddress() ?? usualSample;
  const firstZoom = zoomOfAddress();
  const view = new DenoiseView();
  const samples = document.querySelectorAll<HTMLButtonElement>("[data-sample]");
  /** @returns whether the picture is shown; if not, the one before still is */
  const choose = async (load: () => Promise<Chosen | undefined>, name?: string): Promise<boolean> => {
    if (!(await view.take(load))) return false;
    for (const one of samples) one.setAttribute("aria-pressed", String(one.dataset.sample === name));
    writeAddress();
    return true;
  };
  const strip = new Strip((file) => choose(() => pictureOfFile(file)), view.denoising);
  const chooseSample = async (name: string) => {
    if (await choose(() => sample(name), name)) strip.show([]);
  };
  for (const one of samples) one.addEventListener("click", () => void chooseSample(one.dataset.sample!));
  const field = input("picture-file");
  field.addEventListener("change", () => {
    const files = [...field.files!];
    field.value = "";
    if (files.length > 0) strip.show(files);
  });
  button("camera").addEventListener("click", async () => {
    if (await choose(async () => (await import("./camera.ts")).pictureOfCamera())) strip.show([]);
  });
  onFile("denoise-load", "denoise-message", async (name, bytes) => {
    // What reads model files comes with the tab "Train".
    const { chooseOwnModel, loadModel } = await import("./model-controls.ts");
    if (!loadModel(name, bytes).denoises)
      throw new Error(`${name} is a model for pictures of one size, and denoises no photographs.`);
    chooseOwnModel();
  });
  button("tune-model").addEventListener("click", () => {
    const { value } = select("model");
    location.hash = `train&recipe=${value === "best" ? "photo" : value}`;
  });
  onIncoming(
    "denoise",
    (files) => void strip.show(files),
    (reason) => setMessage("denoise-message", reason),
  );
  // The tab "Inside" shows what becomes of the picture; why one cannot be read is said here.
  onIncoming(
    "inside",
    async (files) => {
      if (!(await strip.show(files))) location.hash = "denoise";
    },
    (reason) => setMessage("inside-message", reason),
  );
  void chooseSample(firstSample).then(() => firstZoom?.click());
  followAddress(async () => {
    const zoom = zoomOfAddress() ?? button("zoom-fit");
    const shown = shownSample();
    const wanted = readAddress() ?? (shown && usualSample);
    select("model").dispatchEvent(new Event("change"));
    if (wanted && wanted !== shown) await chooseSample(wanted);
    zoom.click();
  });
}
