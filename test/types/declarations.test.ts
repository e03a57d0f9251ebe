/** What the declarations of the public entries give away, and what they say. */
import { execFileSync } from "node:child_process";
import { relative } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { checker, entries, exportsOf, program, resolved, root, shipped } from "../support/declarations.ts";

/** Names of types and values that a declaration uses. */
function namesIn(declaration: ts.Node): ts.Node[] {
  const names: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeReferenceNode(node)) names.push(node.typeName);
    else if (ts.isExpressionWithTypeArguments(node)) names.push(node.expression);
    else if (ts.isTypeQueryNode(node)) names.push(node.exprName);
    else if (ts.isImportTypeNode(node)) names.push(node.qualifier ?? node);
    ts.forEachChild(node, visit);
  };
  visit(declaration);
  return names;
}

/** Whether something is declared by this package or one of its dependencies, not by TypeScript or Node's types. */
function isForeign(symbol: ts.Symbol): boolean {
  if (symbol.flags & ts.SymbolFlags.TypeParameter) return false;
  return (symbol.declarations ?? []).some((declaration) => {
    const file = declaration.getSourceFile();
    const isBuiltIn = /\/node_modules\/(@types\/node|undici-types)\//.test(file.fileName);
    return !isBuiltIn && !program.isSourceFileDefaultLibrary(file);
  });
}

describe.each(Object.keys(entries))("%s", (entry) => {
  it("exports every type that its signatures name", () => {
    const exported = exportsOf(entry);
    const known = new Set(exported.values());
    const missing = [...exported].flatMap(([name, symbol]) =>
      (symbol.declarations ?? [])
        .flatMap(namesIn)
        .filter((node) => {
          const named = checker.getSymbolAtLocation(node);
          return !named || (isForeign(resolved(named)) && !known.has(resolved(named)));
        })
        .map((node) => `${name}: ${node.getText()}`),
    );
    expect(exported.size).toBeGreaterThan(3);
    expect([...new Set(missing)]).toEqual([]);
  });

  it("exports the values that it declares, and no others", async () => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entries[entry]!)!)!;
    const declared = checker
      .getExportsOfModule(module)
      .filter((symbol) => resolved(symbol).flags & ts.SymbolFlags.Value)
      .filter(({ declarations }) => !declarations!.some(ts.isTypeOnlyImportOrExportDeclaration));
    expect(declared.length).toBeGreaterThan(0);
    const names = Object.keys(
      await import(entries[entry]!.replace(/types\/src\/(\w+)\.d\.ts$/, "esm/$1.js")),
    );
    expect(names.toSorted()).toEqual(declared.map(({ name }) => name).toSorted());
  });

  it("says what each of its functions, classes and types is", () => {
    const silent = [...exportsOf(entry)]
      .filter(([, symbol]) => ts.displayPartsToString(symbol.getDocumentationComment(checker)) === "")
      .map(([name]) => name);
    expect(silent).toEqual([]);
  });
});

describe("the files of declarations", () => {
  const paths = shipped.map(({ fileName }) => relative(root, fileName));

  it("are those that the entries lead to, and none is of the core, networks in memory or another package", () => {
    expect(paths.length).toBeGreaterThan(20);
    const inside = /types\/assembly\/|\/network\/(?!spec|parse-spec)|\/wasm\/(?!detect|source)|schema/;
    expect(paths.filter((path) => inside.test(path))).toEqual([]);
    const packages = program
      .getSourceFiles()
      .map(({ fileName }) => fileName.match(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1])
      .filter((name) => name !== undefined);
    expect(new Set(packages)).toEqual(new Set(["typescript", "@types/node", "undici-types"]));
  });

  it("name no file that is not in the package, and are all in it", () => {
    const packed: string[] = JSON.parse(
      execFileSync("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], {
        cwd: root,
        encoding: "utf8",
      }),
    )[0].files.map(({ path }: { path: string }) => path);
    const declarations = packed.filter((path) => /^build\/types\/.*\.d\.ts$/.test(path));
    expect(declarations.toSorted()).toEqual(paths.toSorted());
    const names = new Set(packed.flatMap((path) => [path, path.split("/").at(-1)!]));
    const strangers = shipped.flatMap((file) =>
      commentsOf(file.text)
        .flatMap((comment) => comment.match(/[\w@./-]+\.(?:[cm]?[jt]s|json|md|wasm|py)\b/g) ?? [])
        .filter((name) => !names.has(name))
        .map((name) => `${relative(root, file.fileName)}: ${name}`),
    );
    expect(commentsOf(" a /** b.ts */ c // d\n/* e */")).toEqual(["/** b.ts */", "// d", "/* e */"]);
    expect(strangers).toEqual([]);
  });
});

/** The comments of a source text. */
function commentsOf(text: string): string[] {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, text);
  const comments: string[] = [];
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    const isComment =
      token === ts.SyntaxKind.MultiLineCommentTrivia || token === ts.SyntaxKind.SingleLineCommentTrivia;
    if (isComment) comments.push(scanner.getTokenText());
  }
  return comments;
}
