declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}
/** Types of AssemblyScript that occur in those files of `assembly` that are also TypeScript. */
type i32 = number;
type bool = boolean;
