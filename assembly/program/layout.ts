/**
 * How a program lies in memory, and where threads meet. Valid AssemblyScript and valid TypeScript: the walker
 * (program.ts, threads.ts) reads what src/network writes.
 *
 * A program is a table of operations, each a record of 20 words of 32 bits: these four, then its arguments as
 * operations.ts declares them. It ends with a record whose opcode is 0.
 */
export const RECORD_WORDS: i32 = 20;

/** Which operation it is: its place in operations.ts, from 1. */
export const OPCODE: i32 = 0;
/** How many items it has: parts that can be done in any order, by any thread. In the body of eachImage, those of one image. */
export const ITEMS: i32 = 1;
/** How many items a thread takes at a time, where there are several threads. */
export const GRAIN: i32 = 2;
/** 1 where the next operation needs nothing of this one, so that both are done at the same time: they are one phase. */
export const WITH_NEXT: i32 = 3;
/** The first word of the arguments. */
export const ARGUMENTS: i32 = 4;

/*
 * The block where threads meet, zeros at first. Offsets are in bytes; words that several threads write are on cache lines
 * of their own.
 */

/** 64 bits: above, the address of the phase that is worked on; below, the next of its items that nobody has taken. */
export const CLAIM: i32 = 0;
/** Items of the phase that are done. */
export const DONE: i32 = 64;
/** Threads that sleep until the upper half of CLAIM changes. */
export const SLEEPERS: i32 = 128;
/** How often a thread looks for something to do before it goes to sleep. */
export const SPINS: i32 = 192;
/** How often a worker takes items before it lets other processes have its core for a moment; 0: as often as it likes. */
export const TURN: i32 = 204;
/** Not 0 once the threads are to end. */
export const HOME: i32 = 196;
/** Milliseconds that a thread may keep its items, or stay away while others work, before it counts as lost. */
export const PATIENCE: i32 = 200;
/** A word for each thread, which counts how often it came to work or took items: `CAME_BYTES` from one to the next. */
export const CAME: i32 = 256;
export const CAME_BYTES: i32 = 64;
/** The most threads. */
export const MOST_THREADS: i32 = 64;
export const MEETING_BYTES: i32 = CAME + CAME_BYTES * MOST_THREADS;

/** Why a thread stopped working: others have what there is to do; the program has ended; its turn is over. */
export const IDLE: i32 = 0;
export const ENDED: i32 = 1;
export const TURN_OVER: i32 = 2;
