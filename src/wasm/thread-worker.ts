/** The file that a page's worker threads run: built as `thread-worker.js`. */
import { threadMain } from "./thread-main.ts";

threadMain(self as never);
