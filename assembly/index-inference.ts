export { push, start } from "./conv-stream";
export { addLayer, begin, fit, input, modulus, output, plainPitch, setParameters } from "./stream-layout";
