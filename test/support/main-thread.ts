/** What a page's own thread did, from a trace of Chromium. */

/** Processor time of each task of the page's own thread, in ms: what it takes where no other process is in the way. */
export function mainThreadTasks(trace: Buffer): number[] {
  interface TraceEvent {
    readonly name: string;
    readonly pid: number;
    readonly tid: number;
    readonly tdur?: number;
    readonly args: { readonly name?: string };
  }
  const events: TraceEvent[] = JSON.parse(trace.toString()).traceEvents;
  const main = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return events
    .filter(({ name, pid, tid }) => name === "RunTask" && main.has(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000);
}
