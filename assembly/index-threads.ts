export { run, staticEnd } from "./index";
export { follow, lead } from "./program/threads";
