/** What the browser keeps of a training, and how it becomes a training again. */
import type { Checkpoint } from "../src/training/checkpoint.ts";
import { idxFilesOf } from "./dataset.ts";
import type { DataSource, TrainingRequest } from "./training-messages.ts";

/** What is kept beside the checkpoint, as JSON. */
export interface KeptAbout extends Pick<TrainingRequest, "threads"> {
  readonly kind: DataSource["kind"];
  /** The user's files that the training is on, in their order. */
  readonly files: readonly Pick<File, "name" | "size" | "type">[];
  /** Whether they are kept too. */
  readonly hasFiles: boolean;
  /** The name of the model that the training began with; true if that is kept as a file. */
  readonly base?: string | true | undefined;
}

export interface KeptTraining {
  /** When the training began, in milliseconds since 1970: the name of its folder. */
  readonly kept: number;
  readonly about: KeptAbout;
  readonly from: Checkpoint;
  readonly base: TrainingRequest["base"];
  /** Its data; undefined where the user has to choose the files again. */
  readonly data: DataSource | undefined;
}

export function sourceOfFiles(kind: DataSource["kind"], files: readonly File[]): DataSource {
  if (kind === "idx") return { kind, files: idxFilesOf(files) };
  return kind === "sample" ? { kind } : { kind, files };
}

/**
 * The files among those that were chosen that a training is on, by their names and sizes, in its order; undefined if some are not
 * there. That their contents are the same is checked when the training goes on, by the digest in its checkpoint.
 */
export function filesAmong(
  { files }: Pick<KeptAbout, "files">,
  chosen: readonly File[],
): readonly File[] | undefined {
  const found = files.map(({ name, size }) =>
    chosen.find((file) => file.name === name && file.size === size),
  );
  return found.every((file) => file !== undefined) ? found : undefined;
}

/** Names the files that the user has to choose again. */
export function filesInWords({ files }: Pick<KeptAbout, "files">): string {
  const few = 3;
  const named = files.slice(0, few).map(({ name }) => name);
  const others = files.length - few;
  return others > 0
    ? `${named.join(", ")} and ${others} ${others === 1 ? "other" : "others"}`
    : named.join(", ");
}
