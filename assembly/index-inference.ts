export { conv3x3 } from "./conv3x3";

/** Where the module's static data ends; the arena lies above. */
export function staticEnd(): usize {
  return __heap_base;
}
