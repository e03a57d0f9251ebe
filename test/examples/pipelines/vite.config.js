import { denoiseImages } from "./vite-plugin.js";

export default { plugins: [denoiseImages({ sigma: 25 })] };
