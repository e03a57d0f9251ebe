// The lines that pages name: in a link such as [`conv3x3`](../assembly/conv/conv3x3.ts#L40), the one where that function begins.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const links = /\[`(\w+)`\]\(([\w./-]+\.ts)#L\d+\)/g;

/**
 * The text of a page, with the present lines in its links to functions.
 * @param folder the one that the page is in
 * @throws Error if a file has no such function, or several
 */
export function withSourceLines(text, folder) {
  return text.replaceAll(links, (_, name, file) => {
    const begins = new RegExp(`^(export )?(async )?function ${name}\\b|^ {2}(async )?#?${name}\\(.*\\{$`);
    const lines = readFileSync(join(folder, file), "utf8").split("\n");
    const found = lines.flatMap((line, index) => (begins.test(line) ? [index + 1] : []));
    if (found.length !== 1) throw new Error(`${file} has ${found.length} functions ${name}.`);
    return `[\`${name}\`](${file}#L${found[0]})`;
  });
}
