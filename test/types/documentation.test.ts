/** What an editor shows of specs and recipes: every key, however deep, has its documentation, and it is written once. */
import { readFileSync } from "node:fs";
import ts from "typescript";
import type * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { Spec } from "../../src/network/spec.ts";
import type { SpecSchema } from "../../src/network/spec-schema.ts";
import type { Noise } from "../../src/noise/noise.ts";
import type { NoiseSchema } from "../../src/noise/noise-schema.ts";
import type { Recipe } from "../../src/training/recipe.ts";
import type { RecipeSchema } from "../../src/training/recipe-schema.ts";
import { checker, exportsOf, root } from "../support/declarations.ts";

/** The text that is shown where a program that imports the package has the cursor on the last name of an expression. */
function hoverOn(expression: string): string {
  const path = `${root}test/hover.ts`;
  const text =
    'import type { Checkpoint, Noise, Recipe, Spec } from "../build/types/src/train.d.ts";\n' +
    `declare const checkpoint: Checkpoint, noise: Noise, recipe: Recipe, spec: Spec;\n${expression};\n`;
  const service = ts.createLanguageService({
    getScriptFileNames: () => [path],
    getScriptVersion: () => "1",
    getScriptSnapshot: (file) => {
      const content = file === path ? text : ts.sys.readFile(file);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => root,
    getCompilationSettings: () => ({
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
    }),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (file) => file === path || ts.sys.fileExists(file),
    readFile: ts.sys.readFile,
  });
  const info = service.getQuickInfoAtPosition(path, text.lastIndexOf(".") + 1);
  return ts.displayPartsToString(info?.documentation);
}

describe("an editor shows what it means:", () => {
  it.each([
    ["recipe.batch", /^Pictures of each step/],
    ["recipe.optimizer.learningRate", /schedule changes it over the run/],
    ["recipe.schedule!.warmUp", /^Steps at the beginning/],
    ["recipe.lossWeight!.offset", /^In grey levels/],
    ["recipe.averaging!.decay", /^From 0 to below 1/],
    ["recipe.spec.initialization.lastLayer", /^What the last layer's weights/],
    [
      '(spec.layers[0] as Extract<Spec["layers"][number], { type: "conv3x3" }>).dilation',
      /taps of its window/,
    ],
    ["spec.layers[0].type", /^The kind of layer/],
    ["spec.input.channels", /^Values of each pixel/],
    ["noise.drawn", /^"once": each picture keeps/],
    ["recipe.noise.model", /^The kind of noise/],
    ["checkpoint.position.lossSum", /^The sum of the loss/],
  ])("%s", (expression, words) => {
    expect(hoverOn(expression)).toMatch(words);
  });
});

describe("every key of", () => {
  const exported = exportsOf("denoise-wasm/train");

  /** The keys of a type and of all within it that this package declares. */
  function keysOf(type: ts.Type, way: string, seen: Set<ts.Symbol>): { way: string; text: string }[] {
    if (type.isUnionOrIntersection()) return type.types.flatMap((part) => keysOf(part, way, seen));
    const element = checker.getIndexTypeOfType(type, ts.IndexKind.Number);
    if (element && checker.isArrayLikeType(type)) return keysOf(element, `${way}[]`, seen);
    return checker.getPropertiesOfType(type).flatMap((key) => {
      const [declaration] = key.declarations ?? [];
      const isOurs = declaration?.getSourceFile().fileName.startsWith(`${root}build/types/`);
      if (!declaration || !isOurs || seen.has(key)) return [];
      seen.add(key);
      const text = ts.displayPartsToString(key.getDocumentationComment(checker));
      const deeper = keysOf(checker.getTypeOfSymbolAtLocation(key, declaration), `${way}.${key.name}`, seen);
      return [{ way: `${way}.${key.name}`, text }, ...deeper];
    });
  }

  it.each([
    ["Recipe", 50],
    ["Spec", 20],
    ["Noise", 12],
  ])("%s has its documentation", (name, least) => {
    const keys = keysOf(checker.getDeclaredTypeOfSymbol(exported.get(name)!), name, new Set());
    expect(keys.length).toBeGreaterThanOrEqual(least);
    expect(keys.filter(({ text }) => text === "").map(({ way }) => way)).toEqual([]);
  });
});

describe("what is checked is what the types say:", () => {
  it("specs, noise and recipes", () => {
    expectTypeOf<v.InferOutput<typeof SpecSchema>>().toEqualTypeOf<Spec>();
    expectTypeOf<v.InferOutput<typeof NoiseSchema>>().branded.toEqualTypeOf<Noise>();
    expectTypeOf<v.InferOutput<typeof RecipeSchema>>().branded.toEqualTypeOf<Recipe>();
  });

  it.each(["network/spec-schema.ts", "noise/noise-schema.ts", "training/recipe-schema.ts"])(
    "%s documents no key a second time",
    (file) => {
      const text = readFileSync(`${root}src/${file}`, "utf8");
      // A key's documentation would stand within the schema.
      expect(text.match(/^\s+\/\*\*.*/gm)).toBeNull();
    },
  );
});
