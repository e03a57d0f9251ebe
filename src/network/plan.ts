/**
 * From a spec and a batch size to addresses and programs: every buffer is placed once in the arena, and each
 * training step or forward pass becomes a table of operations (assembly/program/operations.ts).
 */
import type { Plan, PlanOptions } from "./plan-common.ts";
import { planConvolutions } from "./plan-conv.ts";
import { planDense } from "./plan-dense.ts";
import { isConvolutional, type Spec } from "./spec.ts";

export function plan(spec: Spec, options: PlanOptions): Plan {
  return isConvolutional(spec) ? planConvolutions(spec, options) : planDense(spec, options);
}
