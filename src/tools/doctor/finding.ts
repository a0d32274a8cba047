import { type ErrorCode, KdadError } from '../../common/errors.js';

/** What was found out about one thing that the daemon needs. */
export interface Finding {
  /** Say `camera line-1`. */
  readonly what: string;
  /** With a warning the daemon runs, but not as it should for long; what is skipped could not be tried here. */
  readonly outcome: 'ok' | 'warning' | 'failed' | 'skipped';
  /** Without secrets; the first line says it all, more may follow. */
  readonly found: string;
  /** What to do about it, where something is wrong. */
  readonly advice?: string;
  /** Of what failed. */
  readonly code?: ErrorCode;
}

export const ok = (what: string, found: string): Finding => ({ what, outcome: 'ok', found });

export const skipped = (what: string, found: string): Finding => ({ what, outcome: 'skipped', found });

export const warning = (what: string, found: string, advice: string): Finding => ({
  what,
  outcome: 'warning',
  found,
  advice,
});

export function failed(what: string, { message, fix, code }: KdadError): Finding {
  const [summary] = message.replace(`${what}: `, '').split('\n', 1);
  return { what, outcome: 'failed', found: summary, advice: fix, code };
}

/** What `work` finds; its error where it throws one of ours. */
export async function attempt(what: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KdadError) return failed(what, error);
    throw error;
  }
}
