/** The script of a page's worker threads, built as `thread-worker.js`. */
import { threadMain } from "./thread-main.ts";

threadMain(self as never);
