import type { Readable } from 'node:stream';
import { JobEvent } from '../../contracts/job.js';

/** Far above any event. A longer line is log, and only its beginning is kept. */
export const MAX_LINE_BYTES = 64 * 1024;
const KEPT_OF_A_LONG_LINE = 4 * 1024;
const NEWLINE = 10;

/** Lines of a byte stream; at most MAX_LINE_BYTES of a line are ever held. `cut` says how many bytes were left out. */
async function* lines(stream: Readable): AsyncGenerator<{ text: string; cut: number }> {
  let held: Buffer[] = [];
  let bytes = 0;
  const line = () => {
    const whole = Buffer.concat(held);
    const kept = bytes > MAX_LINE_BYTES ? whole.subarray(0, KEPT_OF_A_LONG_LINE) : whole;
    const result = { text: kept.toString('utf8'), cut: bytes - kept.length };
    held = [];
    bytes = 0;
    return result;
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    while (start < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, start);
      const end = newline === -1 ? chunk.length : newline;
      if (bytes <= MAX_LINE_BYTES) held.push(chunk.subarray(start, end));
      bytes += end - start;
      if (newline !== -1) yield line();
      start = end + 1;
    }
  }
  if (bytes > 0) yield line();
}

/** The event that a line is, or null: it is log. */
export function parseEvent(line: string): JobEvent | null {
  if (!line.startsWith('{')) return null;
  try {
    return JobEvent.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

/**
 * Reads a job's stdout to its end. Events are handled one after the other, in order, and the next line is read only when the
 * last one is handled: a slow reader slows the job down, and never fills this process's memory.
 */
export async function readEvents(
  stdout: Readable,
  handle: { event: (event: JobEvent) => void | Promise<void>; log: (line: string) => Promise<void> },
): Promise<void> {
  for await (const { text, cut } of lines(stdout)) {
    const event = cut === 0 ? parseEvent(text) : null;
    if (event !== null) await handle.event(event);
    else await handle.log(cut === 0 ? text : `${text} ... (${cut} more bytes left out)`);
  }
}
