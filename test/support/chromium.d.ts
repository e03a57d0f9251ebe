export const chromium: string | undefined;
export const chromiumArguments: string[];
