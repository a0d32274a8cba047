import { KdadError } from './errors.js';

/** @throws KdadError INTERRUPTED once the signal was given */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new KdadError('INTERRUPTED', 'interrupted');
}

/**
 * Waits for a promise, but no longer than until the signal; what goes on behind the promise is for others to end.
 * @throws KdadError INTERRUPTED once the signal was given, and what the promise rejects with
 */
export async function interruptibly<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let interrupt: () => void = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(new KdadError('INTERRUPTED', 'interrupted'));
  });
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await Promise.race([promise, interrupted]);
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}
