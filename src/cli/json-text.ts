/**
 * JSON for a terminal: characters that it would obey are written as escapes, also those that `JSON.stringify` leaves as they
 * are (U+007F to U+009F, and marks of direction), as a file that was read may hold them.
 */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(/(?!\n)\p{C}/gu, (character) =>
    Array.from({ length: character.length }, (_, i) => {
      const code = character.charCodeAt(i).toString(16);
      return `\\u${code.padStart(4, "0")}`;
    }).join(""),
  );
