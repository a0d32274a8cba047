import sharp from 'sharp';
import { normalFrom, type Random, randomFrom } from '../../common/random.js';
import type { Picture } from '../../method/images/picture.js';
import { between, PICTURE, type Product } from './products/product.js';

/** A rendered part. */
export interface RenderedPart {
  readonly picture: Picture;
  /** 1 where the defect is, height x width; none of a good part. */
  readonly mask?: Uint8Array;
}

/** Dots per inch at which one unit of an SVG is one pixel. */
const SVG_DENSITY = 72;

/**
 * One part as a camera sees it: in its own place, under its own light, with the grain of its surface. The same seed and
 * kind give the same picture.
 * @param kind of defect; a good part without it
 */
export async function renderPart(product: Product, seed: number, kind?: string): Promise<RenderedPart> {
  const random = randomFrom(seed);
  const { side = PICTURE } = product;
  const { svg, place } = product.part(random);
  const light = randomLight(random);
  const grain = surfaceGrain(product, random);
  const defect = kind === undefined ? undefined : product.kinds[kind](random);
  const over = defect ? `<g transform="${place}">${defect.svg}</g>` : '';
  const pixels = await rasterise(svg + over, side);
  for (let i = 0; i < pixels.length; i += 3) {
    const pixel = i / 3;
    const gain = light((pixel % side) / side, Math.floor(pixel / side) / side);
    for (let channel = 0; channel < 3; channel++)
      pixels[i + channel] = clamp(pixels[i + channel] * gain + grain[pixel]);
  }
  const picture = { width: side, height: side, pixels };
  return defect ? { picture, mask: await maskOf(`<g transform="${place}">${defect.area}</g>`, side) } : { picture };
}

/** The noise of a camera's sensor, new in every frame: a copy of the picture with it. */
export function withSensorNoise({ pixels, ...size }: Picture, random: Random, deviation = 2.5): Picture {
  const normal = normalFrom(random);
  // One table of noise, entered at random: a normal number for each of 300,000 values would take longer than judging
  // the frame.
  const table = Float32Array.from({ length: 4096 }, () => deviation * normal());
  const noisy = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; ) {
    const start = Math.floor(random() * table.length);
    for (let k = 0; k < 61 && i < pixels.length; k++, i++)
      noisy[i] = clamp(pixels[i] + table[(start + k) % table.length]);
  }
  return { ...size, pixels: noisy };
}

const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

/** Brightness that differs from part to part and from one side to the other, by the place from 0 to 1. */
function randomLight(random: Random): (x: number, y: number) => number {
  const level = between(random, 0.94, 1.06);
  const [slopeX, slopeY] = [between(random, -0.05, 0.05), between(random, -0.05, 0.05)];
  return (x, y) => level + slopeX * (x - 0.5) + slopeY * (y - 0.5);
}

/** Noise that is drawn out sideways, as on brushed metal, or not. */
function surfaceGrain({ grain, side = PICTURE }: Product, random: Random): Float32Array {
  const normal = normalFrom(random);
  const noise = Float32Array.from({ length: side * side }, normal);
  const { horizontal, amount } = grain;
  const drawn = new Float32Array(noise.length);
  for (let row = 0; row < side; row++) {
    let sum = 0;
    for (let x = -horizontal; x < side; x++) {
      if (x + horizontal < side) sum += noise[row * side + x + horizontal];
      if (x > 0) sum -= noise[row * side + x - 1];
      if (x >= 0) drawn[row * side + x] = (amount * sum) / Math.sqrt(horizontal + 1);
    }
  }
  return drawn;
}

const document = (content: string, side: number): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 ${PICTURE} ${PICTURE}">${content}</svg>`,
  );

/** Drawn at twice the size and shrunk: fine patterns would otherwise change their look with their phase and angle. */
async function rasterise(content: string, side: number): Promise<Uint8Array> {
  const drawing = sharp(document(content, side), { density: 2 * SVG_DENSITY }).resize(side, side, { kernel: 'linear' });
  return new Uint8Array(await drawing.removeAlpha().raw().toBuffer());
}

async function maskOf(area: string, side: number): Promise<Uint8Array> {
  const grey = await rasterise(`<rect width="${PICTURE}" height="${PICTURE}" fill="#000"/>${area}`, side);
  return Uint8Array.from({ length: side * side }, (_, pixel) => (grey[3 * pixel] > 127 ? 1 : 0));
}
