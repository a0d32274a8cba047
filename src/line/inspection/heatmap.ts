import { interpolateInferno } from 'd3-scale-chromatic';
import sharp from 'sharp';
import type { AnomalyMap } from '../../method/detector/anomaly-map.js';
import { resampleBilinear } from '../../method/images/resample.js';

/** A picture and what the detector says of it. */
export interface Heatmap {
  /** RGB, 8 bits, height x width x 3; at any size, the original's or the detector's. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Anomaly map of the whole picture. */
  readonly map: AnomalyMap;
  /** Where the bundle's threshold lies on the map's scale. */
  readonly threshold: number;
}

/** Ratio of map to threshold that gets the hottest colour. Fixed, so that two overlays can be compared. */
const hottest = 2;
/** Up to the first ratio the picture shows untouched; from the second on, `cover` of it is hidden. */
const coverFrom = 0.6;
const coverTo = 1.5;
const cover = 0.6;

/** Inferno, perceptually uniform: 256 RGB triples. */
const inferno = Uint8Array.from({ length: 256 * 3 }, (_, i) => {
  const hex = interpolateInferno(Math.floor(i / 3) / 255);
  return Number.parseInt(hex.slice(1 + (i % 3) * 2, 3 + (i % 3) * 2), 16);
});

/**
 * Draws the anomaly map over the picture: colour and cover grow with the ratio to the threshold, not to the picture's
 * own maximum, so that a good part stays quiet, and a line surrounds what lies above the threshold.
 *
 * @returns the encoded picture, as large as `pixels`
 */
export async function renderOverlay(heatmap: Heatmap, format: 'jpeg' | 'png' = 'jpeg'): Promise<Buffer> {
  const { width, height } = heatmap;
  const picture = sharp(drawOverlay(heatmap), { raw: { width, height, channels: 3 }, limitInputPixels: false });
  return format === 'png' ? picture.png().toBuffer() : picture.jpeg({ quality: 90 }).toBuffer();
}

/** The overlay as RGB, 8 bits, height x width x 3. */
export function drawOverlay({ pixels, width, height, map, threshold }: Heatmap): Uint8Array {
  const ratios = resampleBilinear(map.values, 1, map.size, [height, width]).map((value) => value / threshold);
  const overlay = Uint8Array.from(pixels);
  for (let pixel = 0; pixel < ratios.length; pixel++) {
    const alpha = cover * smoothStep(coverFrom, coverTo, ratios[pixel]);
    if (alpha === 0) continue;
    const colour = colourOf(ratios[pixel]);
    for (let channel = 0; channel < 3; channel++) {
      const value = pixels[pixel * 3 + channel];
      overlay[pixel * 3 + channel] = Math.round(value + alpha * (colour[channel] - value));
    }
  }
  drawContour(overlay, ratios, width, height);
  return overlay;
}

/** The anomaly map alone, in the overlay's colours, as RGB of `width` x `height`. */
export function drawMap({ map, threshold, width, height }: Omit<Heatmap, 'pixels'>): Uint8Array {
  const colours = new Uint8Array(width * height * 3);
  for (const [pixel, value] of resampleBilinear(map.values, 1, map.size, [height, width]).entries()) {
    colours.set(colourOf(value / threshold), pixel * 3);
  }
  return colours;
}

/** Inferno from 0 to the hottest ratio. */
function colourOf(ratio: number): Uint8Array {
  const colour = Math.round(Math.min(1, ratio / hottest) * 255) * 3;
  return inferno.subarray(colour, colour + 3);
}

/** The colours of maps from ratio 0 to `to`, evenly spaced, as CSS writes them. */
export const mapScale = {
  to: hottest,
  colours: Array.from({ length: 9 }, (_, i) => `rgb(${colourOf((hottest * i) / 8).join(' ')})`),
} as const;

/**
 * Draws the border of everything at or above the threshold: white inside and black outside, so that it is seen on every
 * picture, and wider on larger ones.
 */
function drawContour(overlay: Uint8Array, ratios: Float32Array, width: number, height: number): void {
  const reach = Math.max(1, Math.round(Math.min(width, height) / 400));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const above = ratios[pixel] >= 1;
      const border =
        (x >= reach && ratios[pixel - reach] >= 1 !== above) ||
        (x + reach < width && ratios[pixel + reach] >= 1 !== above) ||
        (y >= reach && ratios[pixel - reach * width] >= 1 !== above) ||
        (y + reach < height && ratios[pixel + reach * width] >= 1 !== above);
      if (border) overlay.fill(above ? 255 : 0, pixel * 3, pixel * 3 + 3);
    }
  }
}

/** 0 up to `start`, 1 from `end`, without a kink between. */
function smoothStep(start: number, end: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - start) / (end - start)));
  return t * t * (3 - 2 * t);
}
