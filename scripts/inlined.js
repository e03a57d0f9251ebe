// Part of npm run build: bytes as texts in modules, so that no bundler and no runtime has to find a second file.
// src/wasm/inlined.ts turns the texts into bytes again.
import { writeFileSync } from "node:fs";

const textOf = (bytes) => Buffer.from(bytes.map((byte) => (byte + 64) & 0xff)).toString("latin1");

/** Writes a module that exports a text, and its declaration. */
export function writeText(path, text) {
  writeFileSync(`${path}.js`, `export default ${JSON.stringify(text)};\n`);
  writeFileSync(`${path}.d.ts`, "declare const text: string;\nexport default text;\n");
}

/** Writes a module that exports bytes as a text. */
export const writeInlined = (path, bytes) => writeText(path, textOf(bytes));

/** Writes a module that exports texts by their names, each of which a bundle may lack. */
export function writeInlinedByName(path, bytesByName) {
  const named = Object.entries(bytesByName);
  const line = ([name, bytes]) => `export const ${name} = ${JSON.stringify(textOf(bytes))};\n`;
  writeFileSync(`${path}.js`, named.map(line).join(""));
  const declared = named.map(([name]) => `export declare const ${name}: string | undefined;\n`);
  writeFileSync(`${path}.d.ts`, declared.join(""));
}

/** So many pieces of each build, so that those of all builds at one place are fewer bytes than gzip looks back at. */
const PIECES = 8;

/**
 * Writes a module with builds that have most in common, of which gzip would see only the last 32 kB. So their pieces
 * alternate. The module exports a function that puts the text of one build together.
 */
export function writeAlternating(path, bytesByName) {
  const names = Object.keys(bytesByName);
  const texts = Object.values(bytesByName).map(textOf);
  const pieceOf = (text, index) => {
    const [from, to] = [index, index + 1].map((end) => Math.round((end * text.length) / PIECES));
    return text.slice(from, to);
  };
  const pieces = Array.from({ length: PIECES }, (_, index) => texts.map((text) => pieceOf(text, index)));
  writeFileSync(
    `${path}.js`,
    `const names = ${JSON.stringify(names)};\n` +
      `const pieces = ${JSON.stringify(pieces.flat())};\n` +
      "export const textOf = (name) =>\n" +
      '  pieces.filter((_, index) => index % names.length === names.indexOf(name)).join("");\n',
  );
  const union = names.map((name) => JSON.stringify(name)).join(" | ");
  writeFileSync(`${path}.d.ts`, `export declare function textOf(name: ${union}): string;\n`);
}
