// Part of npm run build: the declarations of the entries for TypeScript in CommonJS modules. Node's `require` loads the entries
// as they are, but TypeScript lets a CommonJS module name an ES module's values only through their types.
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import ts from "typescript";

const attribute = '{ "resolution-mode": "import" }';

/** @param {string[]} entries the declarations of the entries, files in build/types */
export function writeRequireTypes(entries) {
  const program = ts.createProgram(entries, {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  });
  const checker = program.getTypeChecker();
  for (const path of entries) {
    const source = `"./${basename(path, ".d.ts")}.js"`;
    const entry = `import(${source}, { with: ${attribute} })`;
    let text = `export type * from ${source} with ${attribute};\n`;
    for (const symbol of checker.getExportsOfModule(
      checker.getSymbolAtLocation(program.getSourceFile(path)),
    )) {
      const { name, declarations } = symbol;
      if (declarations.some(ts.isTypeOnlyImportOrExportDeclaration)) continue;
      const { flags } = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      if (flags & ts.SymbolFlags.Value) text += `export declare const ${name}: typeof ${entry}.${name};\n`;
      if (flags & ts.SymbolFlags.Class) text += `export type ${name} = ${entry}.${name};\n`;
    }
    writeFileSync(path.replace(/\.ts$/, ".cts"), text);
  }
}
