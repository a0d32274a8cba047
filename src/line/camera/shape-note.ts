import { placeIn } from '../../method/images/framing.js';
import type { Picture } from '../../method/images/picture.js';
import type { Framing } from '../../method/images/preprocessing.js';

/**
 * What to say of a camera whose frames are padded: a model that learned no such frames calls each anomalous, by the
 * padding alone.
 * @param frame a picture of it as the detector sees it
 * @returns undefined where the picture fills its frame
 */
export function shapeNote(frame: Picture, { aspect }: Pick<Framing, 'aspect'>): string | undefined {
  if (aspect === undefined) return undefined;
  const { width, height } = placeIn(frame);
  if (width === frame.width && height === frame.height) return undefined;
  const ratio = (width / frame.width / (height / frame.height)) * aspect;
  const shapes = `${ratio.toFixed(2)} : 1, not ${aspect.toFixed(2)} : 1`;
  return `its pictures have another shape than those that the model learned (${shapes}) and are padded: where it learned none like them, every frame is anomalous`;
}
