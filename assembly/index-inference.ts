export { input, push, start } from "./conv-stream";
export { addLayer, begin, fit, output, pitch, setParameters } from "./stream-layout";
