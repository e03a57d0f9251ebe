/** The models for photographs in colour and in grey, which a denoiser is built from if no other is given. */
import { colour, grey } from "../../build/models/photo.js";
import type { BundledModels } from "./models.ts";

export const photoModels: BundledModels = [colour, grey];
