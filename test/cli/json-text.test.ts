/** What --json prints can be read by any reader of JSON, and holds nothing that a terminal obeys. */
import { expect, test } from "vitest";
import { jsonText } from "../../src/cli/json-text.ts";

/** Characters that a terminal obeys or that change the order of what it shows, and two code points that are no letters. */
const obeyed = [
  0x00, 0x07, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x200e, 0x202e, 0x2066, 0xfeff, 0xe000, 0xe0001, 0x10ffff,
];
const hostile = obeyed.map((code) => `<${String.fromCodePoint(code)}>`).join("");

test("characters that a terminal obeys are escaped, and read back as they were", () => {
  const value = { [hostile]: [hostile, "\ud800 alone, \udc00 alone"] };
  const text = jsonText(value);
  expect(text).not.toMatch(/[\p{C}\n]/u);
  expect(JSON.parse(text)).toEqual(value);
});

test("each is escaped alike: four hexadecimal digits for each unit of UTF-16", () => {
  expect(jsonText("\u007f\u009b\u202e\u{e0001}")).toBe(String.raw`"\u007f\u009b\u202e\udb40\udc01"`);
});

test("everything else is as JSON.stringify writes it", () => {
  const value = {
    name: "Müller 写真 🙂.png",
    lines: "one\ntwo\ttab",
    figures: [1.5, -0, 1e21],
    nothing: null,
  };
  for (const indent of [undefined, 2])
    expect(jsonText(value, indent)).toBe(JSON.stringify(value, null, indent));
});
