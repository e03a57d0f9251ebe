/**
 * Makes a plan from a spec and a batch size: every buffer gets an address in the arena, and the forward pass and each
 * training step become tables of operations (assembly/program/operations.ts).
 */
import type { Plan, PlanOptions } from "./plan-common.ts";
import { planConvolutions } from "./plan-conv.ts";
import { planDense } from "./plan-dense.ts";
import { isConvolutional, type Spec } from "./spec.ts";

export function plan(spec: Spec, options: PlanOptions): Plan {
  return isConvolutional(spec) ? planConvolutions(spec, options) : planDense(spec, options);
}
