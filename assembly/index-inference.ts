export { fit, input, output, pitch, push, start } from "./stream/conv-stream";
export { addConvolution, addPixels, addSum, begin, setParameters } from "./stream/stream-layout";
