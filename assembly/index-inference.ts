export { convolveRows, enterRows } from "./winograd";

/** Where the module's static data ends; the arena lies above. */
export function staticEnd(): usize {
  return __heap_base;
}
