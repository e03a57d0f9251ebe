// Part of npm run build: what the package is made of beside its own sources, found in the bundler's own records.
// build/esm/THIRD-PARTY.txt has the licences of all bundled code, build/esm/sbom.cdx.json is the list for machines.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Of its standard library, the wasm holds what the kernels use. */
const COMPILED = "node_modules/assemblyscript";
/**
 * Texts for packages that name licences and do not bring a file of them. The loader has that of the compiler, of whose project
 * it is. Protobuf's BSD licence stands at the head of the file that it is for.
 */
const TEXTS = {
  "Apache-2.0": [() => textOf(`${COMPILED}/LICENSE`)],
  "(Apache-2.0 AND BSD-3-Clause)": [
    () => textOf(`${COMPILED}/LICENSE`),
    () => headOf("node_modules/@bufbuild/protobuf/dist/esm/wire/varint.js"),
  ],
};

/** @param {readonly string[]} inputs the paths of all bundled files */
export function writeThirdParty(inputs) {
  const folders = inputs.flatMap(
    (path) => path.match(/(?:^|\/)(node_modules\/(?:@[^/]+\/)?[^/]+)/)?.[1] ?? [],
  );
  const bundled = [...new Set([...folders, COMPILED])].sort();
  writeFileSync("build/esm/THIRD-PARTY.txt", bundled.map(licenceOf).join(`\n${"-".repeat(80)}\n\n`));
  writeFileSync("build/esm/sbom.cdx.json", `${JSON.stringify(billOf(bundled), null, 1)}\n`);
}

const textOf = (path) => readFileSync(path, "utf8").trim();

/** The comment of lines that a file begins with. */
const headOf = (path) =>
  textOf(path)
    .match(/^(\/\/.*\n)+/)[0]
    .replaceAll(/^\/\/ ?/gm, "")
    .trim();

const manifestOf = (folder) => JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));

function licenceOf(folder) {
  const { name, version, license } = manifestOf(folder);
  const own = (pattern) =>
    readdirSync(folder)
      .filter((entry) => pattern.test(entry))
      .map((entry) => textOf(`${folder}/${entry}`));
  const brought = own(/^licen[cs]e/i);
  const texts = brought.length > 0 ? brought : (TEXTS[license] ?? []).map((text) => text());
  if (texts.length === 0)
    throw new Error(`${name} is bundled, and there is no text of its licence (${license}).`);
  texts.push(...own(/^notice/i));
  return `${name} ${version} (${license})\n\n${texts.join("\n\n")}\n`;
}

/** CycloneDX 1.5: what is bundled, and what is installed with the package. The same sources give the same bytes. */
function billOf(bundled) {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const component = (folder, scope) => {
    const { version, resolved, integrity, license } = lock.packages[folder];
    const name = folder.replace(/^.*node_modules\//, "");
    const [algorithm, digest] = integrity.split("-");
    return {
      type: "library",
      "bom-ref": `${name}@${version}`,
      name,
      version,
      scope,
      purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
      ...(license && { licenses: [{ expression: license }] }),
      hashes: [
        { alg: algorithm.replace("sha", "SHA-"), content: Buffer.from(digest, "base64").toString("hex") },
      ],
      // Lock files that hold for every registry name no addresses.
      ...(resolved && { externalReferences: [{ type: "distribution", url: resolved }] }),
      properties: [{ name: "denoise-wasm:bundled", value: String(bundled.includes(folder)) }],
    };
  };
  const installed = Object.keys(lock.packages).filter(
    (folder) => folder && !lock.packages[folder].dev && !lock.packages[folder].devOptional,
  );
  const { name, version, license, description } = lock.packages[""];
  const root = { ...JSON.parse(readFileSync("package.json", "utf8")), name, version, license };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.5.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        type: "library",
        "bom-ref": `${name}@${version}`,
        name,
        version,
        description: description ?? root.description,
        purl: `pkg:npm/${name}@${version}`,
        licenses: [{ expression: license }],
      },
    },
    components: [...new Set([...bundled, ...installed])]
      .sort()
      .map((folder) => component(folder, lock.packages[folder].optional ? "optional" : "required")),
  };
}
