/** Gets pictures from files and from the samples. */

import { DataError } from "../src/browser.ts";
import { messageOf } from "./dom.ts";
import { pictureLink } from "./picture-link.ts";

/** The most pixels of a picture: a canvas, with four bytes for each pixel, can hold so many in any browser. */
const LARGEST = 50e6;

/** A picture that was chosen. */
export interface Chosen {
  readonly image: ImageData;
  readonly name: string;
  /** The number of the question that the picture worker answered with it. */
  readonly asked?: number;
  /** Where it came from, if from a file of the user. */
  readonly file?: Blob;
  /** Whether it is known to be free of noise, so that results can be measured. */
  readonly clean: boolean;
}

/** @throws DataError if the file is no picture, or too large */
export async function pictureOfFile(file: File): Promise<Chosen> {
  return { ...(await readPicture(file)), name: file.name, file, clean: false };
}

/** In a worker, so that the page stays free while a large picture is decoded. */
async function readPicture(file: Blob): Promise<Pick<Chosen, "image" | "asked">> {
  try {
    const { id, answer } = pictureLink.ask({ type: "read", file, maxPixels: LARGEST });
    return { image: await answer, asked: id };
  } catch (error) {
    throw new DataError(messageOf(error).replace(", or raise maxPixels", ", or cut it into parts"), {
      cause: error,
    });
  }
}

/** A clean photograph that comes with the page. */
export async function sample(name: string): Promise<Chosen> {
  return {
    ...(await readPicture(await fetched(`samples/${name}.jpg`))),
    name: `sample ${name}`,
    clean: true,
  };
}

/** A sheet of garments, 28×28 pixels each. */
export async function garments(): Promise<ImageData> {
  return (await readPicture(await fetched("garments.png"))).image;
}

async function fetched(file: string): Promise<Blob> {
  const response = await fetch(file);
  if (!response.ok) throw new DataError(`${file} is not on the server (${response.status}).`);
  return response.blob();
}
