import { isAbsolute } from "node:path";
import { findFashionMnist, loadFashionMnistFrom, thisMachine } from "../data/fashion-mnist.node.ts";
import { embeddedSample } from "../data/fashion-mnist.ts";
import type { Dataset } from "../data/images.ts";
import { DataError } from "../errors.ts";

/** Finds and loads the data set that `--data` names, or the best one at hand. @throws DataError */
export async function loadData(data: string | undefined): Promise<Dataset> {
  const found = await findFashionMnist({ data });
  return loadFashionMnistFrom(found.folder, { source: found.source });
}

/** Loads a data set from where a run had it: its `Dataset.source`. @throws DataError */
export async function loadDataAgain(source: string | undefined): Promise<Dataset> {
  const sample = thisMachine().sampleFolder;
  if (source === embeddedSample && sample) return loadFashionMnistFrom(sample, { source });
  if (source !== undefined && isAbsolute(source)) return loadData(source);
  throw new DataError(
    `The run had its data from ${source ? `"${source}"` : "a place it does not name"}, which is not here. ` +
      "Name the folder that holds it: --data DIR.",
  );
}
