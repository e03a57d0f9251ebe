export const folder: string;
export function buildPage(): Promise<void>;
export function transferSizes(): { name: string; bytes: number }[];
