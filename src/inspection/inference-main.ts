/**
 * The inference process: loads one detector and judges batches, one request at a time. It is a process of its own because
 * engines block the thread that calls them, and because a crash in native code must not take the daemon with it.
 */
import { setPriority } from 'node:os';
import { type Detector, openDetector } from '../detector/detector.js';
import type { KdadError } from '../errors.js';
import { scoreWithout } from './ignored.js';
import type { Answer, Request } from './messages.js';

// It may take every core for as long as a batch lasts: what takes in frames and tells of alerts goes first.
setPriority(5);

let detector: Detector | undefined;

async function answer(request: Request): Promise<Answer> {
  if (request.kind === 'load') {
    detector = await openDetector(request.source, request.options);
    return { kind: 'loaded', device: detector.device };
  }
  if (!detector) throw new Error('asked to judge before a detector was loaded');
  const { frames, batch, mapsFrom, ignored } = request;
  const { scores, maps, mapSize } = await detector.run(frames, batch);
  const size = mapSize[0] * mapSize[1];
  for (const [i, pixels] of ignored?.entries() ?? []) {
    if (pixels) scores[i] = scoreWithout(maps.subarray(i * size, (i + 1) * size), pixels);
  }
  const wanted = mapsFrom.map((from, i) => (scores[i] >= from ? maps.slice(i * size, (i + 1) * size) : null));
  return { kind: 'judged', scores, maps: wanted, mapSize };
}

process.on('message', (request: Request) => {
  answer(request)
    .catch(({ message, code }: KdadError): Answer => ({ kind: 'failed', message, code }))
    .then((message) => process.send?.(message));
});
// The daemon decides when this process ends; the terminal's Ctrl-C reaches both.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
