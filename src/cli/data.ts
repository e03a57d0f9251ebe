import { findFashionMnist, loadFashionMnistFrom } from "../data/fashion-mnist.node.ts";
import type { Dataset } from "../data/images.ts";

/** Finds and loads the data set that `--data` names, or the best one at hand. @throws DataError */
export async function loadData(data: string | undefined): Promise<Dataset> {
  const found = await findFashionMnist({ data });
  return loadFashionMnistFrom(found.folder, { source: found.source });
}
