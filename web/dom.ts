/** Finds the page's elements by their ids, and shows messages, numbers and files. */

/** @throws Error if the page has no such element, or one of another kind */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`The page has no ${kind.name} "${id}".`);
}

export const button = (id: string): HTMLButtonElement => byId(id, HTMLButtonElement);
export const input = (id: string): HTMLInputElement => byId(id, HTMLInputElement);
export const select = (id: string): HTMLSelectElement => byId(id, HTMLSelectElement);
export const canvas = (id: string): HTMLCanvasElement => byId(id, HTMLCanvasElement);

export function setText(id: string, text: string): void {
  byId(id, HTMLElement).textContent = text;
}

/** Shows a tab's message, with a button that closes it. Without a message, or with an empty one, hides it. */
export function setMessage(id: string, message = ""): void {
  const element = byId(id, HTMLElement);
  element.hidden = message === "";
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.setAttribute("aria-label", "Close this message");
  close.addEventListener("click", () => {
    element.hidden = true;
  });
  element.replaceChildren(message, close);
}

/** Disables or enables a button. If that takes the focus from it, `next` gets the focus, so that it is not lost. */
export function setDisabled(
  element: HTMLButtonElement | HTMLInputElement | HTMLFieldSetElement,
  disabled: boolean,
  next: HTMLElement,
): void {
  const hadFocus = element.contains(document.activeElement);
  element.disabled = disabled;
  if (disabled && hadFocus) next.focus();
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs an action. If it fails, shows why as a tab's message. */
export async function tell(messageId: string, action: () => unknown): Promise<void> {
  setMessage(messageId);
  try {
    await action();
  } catch (error) {
    setMessage(messageId, messageOf(error));
  }
}

/** Reads each file that the user chooses in a field, and passes it to `use`. If that fails, shows why as a tab's message. */
export function onFile(
  fieldId: string,
  messageId: string,
  use: (name: string, bytes: Uint8Array<ArrayBuffer>) => unknown,
): void {
  const field = input(fieldId);
  field.addEventListener("change", () => {
    const file = field.files?.[0];
    field.value = "";
    if (file) void tell(messageId, async () => use(file.name, new Uint8Array(await file.arrayBuffer())));
  });
}

/** 12,345 */
export const whole = (value: number): string => Math.round(value).toLocaleString("en");

/** 75 → "1:15" */
export function clock(seconds: number): string {
  const left = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor(left / 60) % 60];
  const rest = String(left % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Lets the browser save a file. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The canvas's picture as a PNG file. */
export function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) =>
      blob ? resolve(blob) : reject(new Error("The picture is too large for a PNG file.")),
    );
  });
}

/** Converts grey pixels (0 to 255) to a picture for a canvas. */
export function imageDataOf(pixels: ArrayLike<number>, width: number, height: number): ImageData {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++)
    image.data.fill(pixels[i]!, 4 * i, 4 * i + 3).fill(255, 4 * i + 3, 4 * i + 4);
  return image;
}
