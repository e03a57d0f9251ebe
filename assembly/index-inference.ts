export { input, push, start } from "./stream/conv-stream";
export { addLayer, begin, fit, output, pitch, setParameters } from "./stream/stream-layout";
