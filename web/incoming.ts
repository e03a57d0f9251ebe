/** Files that are dropped on the page or pasted: model files are loaded, others go to the part that is shown. */
import { byId, input } from "./dom.ts";

/** The parts that take files, by their ids. */
const takers = new Map<string, { take(files: readonly File[]): void; refuse(reason: string): void }>();

export function onIncoming(
  part: string,
  take: (files: readonly File[]) => void,
  refuse: (reason: string) => void,
): void {
  takers.set(part, { take, refuse });
}

export function startIncoming(): void {
  let depth = 0;
  const showDropping = () => document.body.classList.toggle("dropping", depth > 0);
  /** Something is dragged into an element, or out of one. */
  const count = (by: number) => (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    depth += by;
    showDropping();
  };
  addEventListener("dragenter", count(1));
  addEventListener("dragleave", count(-1));
  // What is dropped must not replace the page.
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    showDropping();
    receive(event.dataTransfer);
  });
  addEventListener("paste", ({ target, clipboardData }) => {
    const isText = target instanceof HTMLInputElement && target.type !== "range" && target.type !== "file";
    if (!isText) receive(clipboardData);
  });
}

function receive(data: DataTransfer | null): void {
  const [part, taker] = [...takers].find(([part]) => !byId(part, HTMLElement).hidden) ?? [];
  if (!data || !taker) return;
  const isModel = ({ name }: File) => /\.safetensors$/i.test(name);
  const [files, model] = [[...data.files].filter((file) => !isModel(file)), [...data.files].find(isModel)];
  if (model) {
    const field = input(`${part}-load`);
    const one = new DataTransfer();
    one.items.add(model);
    field.files = one.files;
    field.dispatchEvent(new Event("change"));
  }
  if (files.length > 0) taker.take(files);
  else if (!model && /^https?:/.test(data.getData("text/uri-list") || data.getData("text/plain")))
    taker.refuse(
      "That is the address of a picture. This page loads nothing from other sites: save the picture, and choose its file.",
    );
}
