/** All that is fuzzed. */
import { fileTargets } from "./file-targets.ts";
import type { Target } from "./fuzzing.ts";
import { modelTargets } from "./model-targets.ts";
import { valueTargets } from "./value-targets.ts";

export const targets: readonly Target[] = [...fileTargets, ...modelTargets, ...valueTargets];
