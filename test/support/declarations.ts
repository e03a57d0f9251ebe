/** The package's declarations in build/types, as TypeScript sees them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The declarations of each public entry, by what it is imported as. */
export const entries: Record<string, string> = Object.fromEntries(
  Object.entries(
    JSON.parse(readFileSync(`${root}package.json`, "utf8")).exports as Record<
      string,
      { types?: { default: string } }
    >,
  ).flatMap(([name, { types }]) =>
    types ? [[name.replace(/^\./, "denoise-wasm"), root + types.default.slice(2)]] : [],
  ),
);

export const program = ts.createProgram(Object.values(entries), {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.esnext.disposable.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: ["node"],
  strict: true,
});

export const checker = program.getTypeChecker();

/** The declaration files of this package that an entry, or any of them, leads to. */
export const shipped: readonly ts.SourceFile[] = program
  .getSourceFiles()
  .filter(({ fileName }) => fileName.startsWith(`${root}build/`));

/** What an entry exports, by name, each as what it is and not as the alias that it is exported by. */
export function exportsOf(entry: string): Map<string, ts.Symbol> {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entries[entry]!)!)!;
  return new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, resolved(symbol)]));
}

/** What an alias stands for. */
export function resolved(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}
