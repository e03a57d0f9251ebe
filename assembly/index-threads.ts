export { run, staticEnd } from "./index";
export { begin, work } from "./program/threads";
