export const folder: string;
export function buildPage(model?: string): Promise<void>;
export function transferSizes(): { name: string; bytes: number }[];
