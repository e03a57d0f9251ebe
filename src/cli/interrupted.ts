/** The user ended a command that left something to go on from; the message says what, and how. */
export class Interrupted extends Error {}
