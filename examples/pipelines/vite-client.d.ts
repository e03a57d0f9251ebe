// The address of a denoised picture, by vite-plugin.js. In tsconfig.json: "include" with this file.
declare module "*?denoise" {
  const url: string;
  export default url;
}
