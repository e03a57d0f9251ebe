/**
 * The files of trainings that are not finished, kept by the browser for this page alone (in its origin-private file system), so that
 * a training goes on after a reload. Each training has a folder, whose name is the time when the training began.
 */
import { decodeCheckpoint } from "../src/training/checkpoint.ts";
import { type KeptAbout, type KeptTraining, sourceOfFiles } from "./kept-training.ts";
import type { TrainingRequest } from "./training-messages.ts";

/** The most bytes of a training's own pictures that are kept with it. */
const MOST_BYTES = 100e6;

const folders = { all: "trainings", files: "files" };
const names = { about: "about.json", checkpoint: "checkpoint.safetensors", base: "base.safetensors" };

type Folder = FileSystemDirectoryHandle;

async function allTrainings(): Promise<Folder> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folders.all, { create: true });
}

/** Writes what a training is made of besides its checkpoints. Pictures that are too many, or have no room, are left out. */
export async function keepBeginning({ kept, threads, data, base }: TrainingRequest): Promise<void> {
  const folder = await (await allTrainings()).getDirectoryHandle(`${kept}`, { create: true });
  const files = data.kind === "sample" ? [] : Object.values<File>(data.files);
  const size = files.reduce((sum, { size }) => sum + size, 0);
  const about: KeptAbout = {
    ...(threads !== undefined && { threads }),
    kind: data.kind,
    files: files.map(({ name, size, type }) => ({ name, size, type })),
    hasFiles: size <= MOST_BYTES && (await keepFiles(folder, files)),
    base: typeof base === "object" ? true : base,
  };
  if (typeof base === "object") await write(folder, names.base, base);
  await write(folder, names.about, JSON.stringify(about));
}

export async function keepCheckpoint(kept: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const folder = await (await allTrainings()).getDirectoryHandle(`${kept}`);
  await write(folder, names.checkpoint, bytes);
}

/** @returns whether there was room for all of them */
async function keepFiles(folder: Folder, files: readonly File[]): Promise<boolean> {
  try {
    const inside = await folder.getDirectoryHandle(folders.files, { create: true });
    for (const [index, file] of files.entries()) await write(inside, `${index}`, file);
    return true;
  } catch {
    await folder.removeEntry(folders.files, { recursive: true });
    return false;
  }
}

/** Writes a file whole or not at all: what was there before stays until all is written. */
async function write(folder: Folder, name: string, content: FileSystemWriteChunkType): Promise<void> {
  const file = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await file.write(content);
  await file.close();
}

/** The times when the trainings began that are kept, the newest first. Empty where the browser keeps no files. */
export async function keptNames(): Promise<number[]> {
  try {
    const found: number[] = [];
    for await (const name of (await allTrainings()).keys()) found.push(Number(name));
    return found.sort((a, b) => b - a);
  } catch {
    return [];
  }
}

/**
 * Reads a training that is kept.
 * @throws ModelFileError if its checkpoint is damaged; others if a file is missing
 */
export async function readKept(kept: number): Promise<KeptTraining> {
  const folder = await (await allTrainings()).getDirectoryHandle(`${kept}`);
  const read = async (name: string, from = folder) => (await from.getFileHandle(name)).getFile();
  const about: KeptAbout = JSON.parse(await (await read(names.about)).text());
  const bytesOf = async (name: string) => new Uint8Array(await (await read(name)).arrayBuffer());
  const from = await decodeCheckpoint(await bytesOf(names.checkpoint), "The checkpoint");
  const base = about.base === true ? await bytesOf(names.base) : about.base;
  const readFiles = async () => {
    const inside = await folder.getDirectoryHandle(folders.files);
    return Promise.all(
      about.files.map(
        async ({ name, type }, index) => new File([await read(`${index}`, inside)], name, { type }),
      ),
    );
  };
  const data = about.hasFiles ? sourceOfFiles(about.kind, await readFiles()) : undefined;
  return { kept, about, from, base, data };
}

export async function throwAway(kept: number): Promise<void> {
  await (await allTrainings()).removeEntry(`${kept}`, { recursive: true });
}
