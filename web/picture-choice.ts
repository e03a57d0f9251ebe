/** The pictures that the user chose to train on, by files, by a folder, or dropped. */
import { input, select, setText } from "./dom.ts";
import { onIncoming } from "./incoming.ts";

let chosen: readonly File[] = [];

export function chosenPictures(): readonly File[] {
  return chosen;
}

export function choosePictures(pictures: readonly File[]): void {
  chosen = pictures;
  setText("pictures-chosen", `${chosen.length} ${chosen.length === 1 ? "picture" : "pictures"} chosen.`);
}

/** @param onChoice called when pictures were chosen */
export function startPictureChoice(onChoice: () => void, refuse: (reason: string) => void): void {
  const take = (files: readonly File[]) => {
    // A folder holds other files too; those that call themselves pictures and are none are named later.
    const pictures = files.filter(({ type }) => type.startsWith("image/"));
    choosePictures([...(pictures.length > 0 ? pictures : files)].sort(byPath));
    select("data").value = "pictures";
    onChoice();
  };
  for (const id of ["training-pictures", "folder-files"]) {
    const field = input(id);
    field.addEventListener("change", () => {
      const files = [...field.files!];
      field.value = "";
      if (files.length > 0) take(files);
    });
  }
  onIncoming("train", take, refuse);
}

function byPath(a: File, b: File): number {
  const [first, second] = [a.webkitRelativePath || a.name, b.webkitRelativePath || b.name];
  return first < second ? -1 : Number(first > second);
}
