import { listed } from '../../common/listing.js';

/** How much of an image its masks mark. */
export interface MarkedImage {
  readonly path: string;
  /** Part of the pixels, from 0 to 1. */
  readonly marked: number;
}

/** Masks that mark more than this, of all pixels of all images, are the wrong way round. */
const MOST_MARKED = 0.5;

/** What is odd about the masks of defective images, in sentences. */
export function maskNotes(images: readonly MarkedImage[]): string[] {
  const empty = images.filter(({ marked }) => marked === 0).map(({ path }) => path);
  if (images.length > 0 && empty.length === images.length) {
    return ['every mask is empty (black all over), so nothing can be said of pixels; expected white where a defect is'];
  }
  const mean = images.reduce((sum, { marked }) => sum + marked, 0) / images.length;
  return [
    ...(empty.length > 0 ? [`${empty.length} of ${images.length} masks are empty: those of ${listed(empty)}`] : []),
    ...(mean > MOST_MARKED
      ? [`the masks mark ${Math.round(100 * mean)} % of the pixels; expected black where nothing is wrong: inverted?`]
      : []),
  ];
}
