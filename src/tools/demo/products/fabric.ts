import type { Random } from '../../../common/random.js';
import { contamination, stain } from './defects.js';
import { between, type Defect, PICTURE, type Product } from './product.js';

/** Distance of two threads, in pixels. */
const PITCH = 10;

const anywhere = (random: Random) => [between(random, 50, 270), between(random, 50, 270)] as const;

/** A torn place: the dark ground shows through. */
function hole(random: Random): Defect {
  const [x, y] = anywhere(random);
  const ellipse = `<ellipse cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" rx="${between(random, 5, 11).toFixed(1)}" ry="${between(random, 5, 11).toFixed(1)}"`;
  return { svg: `${ellipse} fill="#15171c"/>`, area: `${ellipse} fill="#fff"/>` };
}

/** A thread that was pulled out: a stripe without weave. */
function pulledThread(random: Random): Defect {
  const [x, y] = anywhere(random);
  const length = between(random, 60, 120);
  const stripe = `<rect x="${(x - length / 2).toFixed(1)}" y="${y.toFixed(1)}" width="${length.toFixed(1)}" height="${PITCH * 0.8}" rx="3"`;
  return { svg: `${stripe} fill="#4d5a78"/>`, area: `${stripe} fill="#fff"/>` };
}

/** A wrong thread: the weave in another colour. */
function wrongThread(random: Random): Defect {
  const [x, y] = anywhere(random);
  const length = between(random, 50, 110);
  const stripe = `<rect x="${x.toFixed(1)}" y="${(y - length / 2).toFixed(1)}" width="${PITCH * 0.6}" height="${length.toFixed(1)}"`;
  return { svg: `${stripe} fill="#b7574b" fill-opacity="0.8"/>`, area: `${stripe} fill="#fff"/>` };
}

/** A woven fabric that runs past the camera: a texture without a place of its own. */
export const fabric: Product = {
  name: 'fabric',
  grain: { horizontal: 1, amount: 9 },
  kinds: {
    hole,
    pulled_thread: pulledThread,
    wrong_thread: wrongThread,
    stain: stain(anywhere),
    contamination: contamination(anywhere),
  },
  part(random) {
    const place = `rotate(${between(random, -1.5, 1.5).toFixed(2)} ${PICTURE / 2} ${PICTURE / 2})`;
    const phase = `translate(${between(random, 0, 2 * PITCH).toFixed(1)} ${between(random, 0, 2 * PITCH).toFixed(1)})`;
    const thread = (x: number, y: number, across: boolean, fill: string) => {
      const [width, height] = across ? [PITCH * 1.1, PITCH * 0.8] : [PITCH * 0.8, PITCH * 1.1];
      return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="3" fill="${fill}"/>`;
    };
    const weave = [
      thread(0, 1, true, '#7f8fb5'),
      thread(PITCH + 1, 0, false, '#65749a'),
      thread(1, PITCH, false, '#65749a'),
      thread(PITCH, PITCH + 1, true, '#7f8fb5'),
    ].join('');
    const svg = `<defs><pattern id="weave" width="${2 * PITCH}" height="${2 * PITCH}" patternUnits="userSpaceOnUse" patternTransform="${phase}">
<rect width="${2 * PITCH}" height="${2 * PITCH}" fill="#3c4660"/>${weave}</pattern></defs>
<g transform="${place}"><rect x="-40" y="-40" width="${PICTURE + 80}" height="${PICTURE + 80}" fill="url(#weave)"/></g>`;
    return { svg, place };
  },
};
