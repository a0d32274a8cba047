import type { Bundle } from '../../method/bundle/read.js';
import type { DetectorOptions } from '../../method/detector/open-detector.js';
import { LiveDetector } from './live-detector.js';

/** Milliseconds that loading the detector, and judging the bundle's picture, may take. */
const TIMEOUT = 60_000;

/**
 * Has a bundle prove itself: its detector is loaded as the daemon does it, in a process of its own, and judges the
 * bundle's own picture.
 *
 * @throws KdadError INFERENCE_FAILED, DEVICE_UNUSABLE, IMAGE_UNREADABLE
 */
export async function prove(bundle: Bundle, options: DetectorOptions = {}): Promise<void> {
  const detector = new LiveDetector(bundle, { ...options, timeout: TIMEOUT, onLoss: () => {} });
  try {
    await detector.start();
  } finally {
    await detector.stop();
  }
}
