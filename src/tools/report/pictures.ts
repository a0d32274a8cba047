import sharp from 'sharp';
import { drawMap, drawOverlay, mapScale } from '../../line/inspection/heatmap.js';
import type { Prediction } from '../../line/inspection/predict.js';
import { readMask } from '../../method/images/image.js';
import type { Picture } from '../../method/images/picture.js';
import { type Html, html } from './html.js';

/** Pictures are shown at most so large, in pixels: sharp on a dense screen, and a page of hundreds stays small. */
const LARGEST = 400;

/** The overlay of a prediction as an img element. */
export async function overlayImage(prediction: Prediction, threshold: number, description: string): Promise<Html> {
  const picture = await reduced(prediction.picture);
  const pixels = drawOverlay({ ...picture, map: prediction.map, threshold });
  return image({ ...picture, pixels }, description);
}

/**
 * Image, heatmap, mask and overlay side by side.
 * @param truth `masks` are the paths of the ground truth, where there is some; `aspect` of the bundle's frames
 */
export async function views(
  prediction: Prediction,
  threshold: number,
  { masks = [], aspect }: { readonly masks?: readonly string[]; readonly aspect?: number } = {},
): Promise<Html> {
  const picture = await reduced(prediction.picture);
  const heatmap = { ...picture, map: prediction.map, threshold };
  const shown: [name: string, Picture][] = [
    ['image', picture],
    ['heatmap', { ...picture, pixels: drawMap(heatmap) }],
    ...(masks.length === 0
      ? []
      : [['mask', await maskPicture(masks, picture, prediction.padded ? aspect : undefined)] as [string, Picture]]),
    ['overlay', { ...picture, pixels: drawOverlay(heatmap) }],
  ];
  const figures = shown.map(
    async ([name, view]) =>
      html`<figure>${await image(view, `${name} of ${prediction.source.name}`)}<figcaption>${name}</figcaption></figure>`,
  );
  return html`<div class="views">${await Promise.all(figures)}</div>`;
}

/** A picture as it is, in small, as an img element. */
export async function thumbnailImage(picture: Picture, description: string): Promise<Html> {
  return image(await reduced(picture), description);
}

/** What the colours of heatmaps and overlays mean. */
export function colourScale(): Html {
  const gradient = `linear-gradient(90deg, ${mapScale.colours.join(', ')})`;
  return html`<div class="scale" role="img" aria-label="Colours of the heatmaps, from 0 to ${mapScale.to} times the threshold">
<i style="background: ${gradient}"></i><span>0</span><span>threshold</span><span>≥ ${mapScale.to}×</span></div>`;
}

async function maskPicture(paths: readonly string[], { width, height }: Picture, aspect?: number): Promise<Picture> {
  const pixels = new Uint8Array(width * height * 3);
  for (const path of paths) {
    const mask = await readMask(path, [height, width], aspect);
    for (const [pixel, anomalous] of mask.entries()) if (anomalous) pixels.fill(255, pixel * 3, pixel * 3 + 3);
  }
  return { width, height, pixels };
}

async function reduced(picture: Picture): Promise<Picture> {
  if (Math.max(picture.width, picture.height) <= LARGEST) return picture;
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const { data, info } = await sharp(picture.pixels, { raw, limitInputPixels: false })
    .resize(LARGEST, LARGEST, { fit: 'inside' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}

async function image({ pixels, width, height }: Picture, description: string): Promise<Html> {
  const raw = { width, height, channels: 3 as const };
  const jpeg = await sharp(pixels, { raw, limitInputPixels: false }).jpeg({ quality: 82 }).toBuffer();
  const source = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
  return html`<img src="${source}" width="${width}" height="${height}" alt="${description}">`;
}
