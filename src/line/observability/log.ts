import pino, { type Logger } from 'pino';

export type { Logger };

/** Characters that are kept while standard output takes none. */
const BACKLOG = 1_000_000;

/**
 * JSON lines on standard output, one an event, for journald and whatever collects logs. Where it goes to a disk that is
 * full, or to nobody, lines are lost, and the work goes on.
 */
export function createLog(level: string): Logger {
  const output = pino.destination({ fd: process.stdout.fd, sync: true, maxLength: BACKLOG });
  output.on('error', () => {});
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, output);
}
