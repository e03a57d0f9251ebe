/** Files that are dropped on the page or pasted, which go to the part that is shown. */
import { byId } from "./dom.ts";

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
  addEventListener("dragenter", () => {
    depth++;
    showDropping();
  });
  addEventListener("dragleave", () => {
    depth--;
    showDropping();
  });
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
  const taker = [...takers].find(([part]) => !byId(part, HTMLElement).hidden)?.[1];
  if (!data || !taker) return;
  const files = [...data.files];
  if (files.length > 0) taker.take(files);
  else if (/^https?:/.test(data.getData("text/uri-list") || data.getData("text/plain")))
    taker.refuse(
      "That is the address of a picture. This page loads nothing from other sites: save the picture, and choose its file.",
    );
}
