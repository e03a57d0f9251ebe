/** The model that the page shows, decoded when it is first used: during training most models never are. */
import type { Model } from "../src/model/model.ts";
import { decodeModel } from "../src/model/model-file.ts";
import type { ShownModel } from "./current-model.ts";

const decoded = new WeakMap<ShownModel, Model>();

export function decodedModel(shown: ShownModel): Model {
  const known = decoded.get(shown);
  if (known) return known;
  const model = decodeModel(shown.bytes, shown.from);
  decoded.set(shown, model);
  return model;
}
