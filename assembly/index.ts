export { run } from "./program/program";

/** The address at which the module's static data ends. A network's buffers have to lie above it. */
export function staticEnd(): usize {
  return __heap_base;
}
