/** The user interrupted a command, and it can be resumed. The message says how. */
export class Interrupted extends Error {}
