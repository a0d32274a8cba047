import type { ErrorCode } from '../../common/errors.js';
import type { DetectorSource } from '../../method/detector/detector.js';
import type { DetectorOptions } from '../../method/detector/open-detector.js';
import type { Frames, Scored } from './masking-detector.js';

/** What the daemon tells the inference process. */
export type Request =
  | { readonly kind: 'load'; readonly source: DetectorSource; readonly options: DetectorOptions }
  | ({ readonly kind: 'judge' } & Frames);

/** What the inference process answers, one answer a request. */
export type Answer =
  | { readonly kind: 'loaded'; readonly device: string; readonly threads: number }
  | ({ readonly kind: 'judged' } & Scored)
  | { readonly kind: 'failed'; readonly message: string; readonly code?: ErrorCode };
