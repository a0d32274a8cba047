import pino, { type Logger } from 'pino';

export type { Logger };

/** JSON lines on standard output, one an event, for journald and whatever collects logs. */
export function createLog(level: string): Logger {
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime });
}
