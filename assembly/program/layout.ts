/**
 * The layout of a program in memory, and of the block through which threads coordinate. Valid AssemblyScript and valid
 * TypeScript, since src/network writes what the walker (program.ts, threads.ts) reads.
 *
 * A program is a table of operations. Each is a record of 20 words of 32 bits: the four words below, then the operation's
 * arguments as operations.ts declares them. A record whose opcode is 0 ends the table.
 */
export const RECORD_WORDS: i32 = 20;

/** Which operation this is: its position in operations.ts, counted from 1. */
export const OPCODE: i32 = 0;
/**
 * How many items the operation has: parts of its work that can be done in any order, by any thread. For an operation in the
 * body of eachImage, the items of one image.
 */
export const ITEMS: i32 = 1;
/** How many items a thread takes at a time, if there are several threads. */
export const GRAIN: i32 = 2;
/**
 * 1 if this operation and the next belong to the same phase: threads then work on both at the same time, so neither may read
 * what the other writes.
 */
export const WITH_NEXT: i32 = 3;
/** Where the arguments begin. */
export const ARGUMENTS: i32 = 4;

/*
 * The block through which threads coordinate; it is zero at first. Offsets are in bytes. Words that several threads write
 * are on cache lines of their own.
 */

/** 64 bits. The upper half is the address of the phase that is open, the lower half the number of its next free item. */
export const CLAIM: i32 = 0;
/** How many items of the phase are done. */
export const DONE: i32 = 64;
/** How many threads sleep until the upper half of CLAIM changes. */
export const SLEEPERS: i32 = 128;
/** How often a thread looks for something to do before it goes to sleep. */
export const SPINS: i32 = 192;
/** Other than 0 once the threads shall end. */
export const HOME: i32 = 196;
/**
 * For how many milliseconds a thread may keep items that it has taken, or take none while others work, before it counts as
 * lost.
 */
export const PATIENCE: i32 = 200;
/** How many times a worker takes items before it sleeps for a moment, so that other processes get its core; 0 means no limit. */
export const TURN: i32 = 204;
/** One word for each thread, `CAME_BYTES` apart: it counts how many times the thread came to work or took items. */
export const CAME: i32 = 256;
export const CAME_BYTES: i32 = 64;
/** The most threads. */
export const MOST_THREADS: i32 = 64;
export const MEETING_BYTES: i32 = CAME + CAME_BYTES * MOST_THREADS;

/** Why `work` (threads.ts) returned: there were no free items for a while; the program has ended; the thread's turn is over. */
export const IDLE: i32 = 0;
export const ENDED: i32 = 1;
export const TURN_OVER: i32 = 2;
