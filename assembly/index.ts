export { run } from "./program/program";

/** Where the module's static data ends; the arena lies above. */
export function staticEnd(): usize {
  return __heap_base;
}
