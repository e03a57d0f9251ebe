export function withSourceLines(text: string, folder: string): string;
