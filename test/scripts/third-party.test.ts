/** The licences and the list of what the package is made of, as the build finds them. */
import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(path, "utf8");
const lock: { packages: Record<string, { dev?: true; hasInstallScript?: true; version: string }> } =
  JSON.parse(read("package-lock.json"));
const licences = read("build/esm/THIRD-PARTY.txt");

/** The packages whose files a bundler names where it is not to minify. */
async function bundledPackages(): Promise<Set<string>> {
  const { dependencies, optionalDependencies } = JSON.parse(read("package.json"));
  const { outputFiles } = await build({
    entryPoints: ["browser", "train", "learn", "node", "cli/cli", "png"].map((name) => `src/${name}.ts`),
    outdir: "never-written",
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["node:*", ...Object.keys({ ...dependencies, ...optionalDependencies })],
    write: false,
  });
  const names = outputFiles.flatMap(({ text }) =>
    [...text.matchAll(/^\s*\/\/ (?:.*\/)?node_modules\/((?:@[\w.-]+\/)?[\w.-]+)/gm)].map(([, name]) => name!),
  );
  return new Set(names);
}

it("every bundled package has its licence there, whole, and so has the library of the compiler", async () => {
  const names = await bundledPackages();
  expect(names).toContain("fflate");
  expect(names).toContain("@assemblyscript/loader");
  const parts = licences.split(`\n${"-".repeat(80)}\n\n`);
  for (const name of [...names, "assemblyscript"]) {
    const part = parts.find((text) =>
      text.startsWith(`${name} ${lock.packages[`node_modules/${name}`]!.version} (`),
    );
    expect(part, name).toMatch(/Copyright|Apache License/);
    expect(part!.length, name).toBeGreaterThan(1000);
    if (part!.includes("(Apache-2.0)"))
      expect(part).toMatch(/TERMS AND CONDITIONS[\s\S]*END OF TERMS AND CONDITIONS/);
  }
});

it("the bill of materials lists what is bundled and what is installed, with digests", async () => {
  const { bomFormat, specVersion, components } = JSON.parse(read("build/esm/sbom.cdx.json"));
  expect([bomFormat, specVersion]).toEqual(["CycloneDX", "1.5"]);
  const { dependencies, optionalDependencies } = JSON.parse(read("package.json"));
  const names: string[] = components.map(({ name }: { name: string }) => name);
  const expected = [
    ...(await bundledPackages()),
    ...Object.keys({ ...dependencies, ...optionalDependencies }),
  ];
  expect(expected.filter((name) => !names.includes(name))).toEqual([]);
  expect(names).not.toContain("vitest");
  for (const { purl, hashes, licenses, externalReferences = [] } of components) {
    // CycloneDX asks for the address of each.
    for (const { url } of externalReferences) expect(url, purl).toMatch(/^https:/);
    expect(purl).toMatch(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+/);
    expect(hashes[0].content).toMatch(/^[0-9a-f]{128}$/);
    expect(licenses, purl).toHaveLength(1);
  }
});

it("only packages for development have install scripts, and SECURITY.md names them", () => {
  const all = Object.entries(lock.packages).filter(
    ([folder, { hasInstallScript }]) => folder && hasInstallScript,
  );
  expect(all.length).toBeGreaterThan(0);
  for (const [folder, { dev }] of all) {
    const name = folder.replace(/^.*node_modules\//, "");
    // Runs on one system only, where a program watches files.
    if (name === "fsevents") continue;
    expect([name, dev]).toEqual([name, true]);
    expect(read("SECURITY.md")).toContain(`\`${name}\``);
  }
});
