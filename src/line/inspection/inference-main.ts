/**
 * The inference process: loads one detector and judges batches, one request at a time. It is a process of its own
 * because engines block the thread that calls them, and because a crash in native code must not take the daemon with
 * it.
 */
import { getPriority, setPriority } from 'node:os';
import type { KdadError } from '../../common/errors.js';
import { MaskingDetector } from './masking-detector.js';
import type { Answer, Request } from './messages.js';

/** Of this process, see nice(1). */
const NICENESS = 5;

// It may take every core for as long as a batch lasts: what takes in frames and tells of alerts goes first.
try {
  if (getPriority() < NICENESS) setPriority(NICENESS);
} catch {
  // A sandbox may forbid that; then the kernel shares the cores out evenly.
}

let detector: MaskingDetector | undefined;

async function answer(request: Request): Promise<Answer> {
  if (request.kind === 'load') {
    detector = await MaskingDetector.open(request.source, request.options);
    return { kind: 'loaded', device: detector.device, threads: detector.threads };
  }
  if (!detector) throw new Error('asked to judge before a detector was loaded');
  return { kind: 'judged', ...(await detector.judge(request)) };
}

process.on('message', (request: Request) => {
  void answer(request)
    .catch(({ message, code }: KdadError): Answer => ({ kind: 'failed', message, code }))
    .then((message) => process.send?.(message));
});
// The daemon decides when this process ends; the terminal's Ctrl-C reaches both.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
