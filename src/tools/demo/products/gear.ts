import type { Random } from '../../../common/random.js';
import { contamination, dent, scratch, stain } from './defects.js';
import { between, type Defect, jitter, oneOf, PICTURE, type Product } from './product.js';

const MIDDLE = PICTURE / 2;
const TEETH = 14;
const BELT = '#4a4f45';

/** On the disc, between rim and bore; it may be a little off the middle of the ring. */
const onDisc = (random: Random) => {
  const angle = between(random, 0, 2 * Math.PI);
  const radius = between(random, 58, 84);
  return [MIDDLE + radius * Math.cos(angle), MIDDLE + radius * Math.sin(angle)] as const;
};

const tooth = (position: number, fill: string, grow = 0) =>
  `<path transform="rotate(${((360 * position) / TEETH).toFixed(2)} ${MIDDLE} ${MIDDLE})" d="M${MIDDLE - 12 - grow} 62 L${MIDDLE - 7 - grow} ${36 - grow} H${MIDDLE + 7 + grow} L${MIDDLE + 12 + grow} 62 Z" fill="${fill}"/>`;

/** A tooth that broke off: the belt shows. */
function missingTooth(random: Random): Defect {
  const position = Math.floor(between(random, 0, TEETH));
  return { svg: tooth(position, BELT, 2), area: tooth(position, '#fff', 1) };
}

/** A cast gear that lies on the belt at any angle. */
export const gear: Product = {
  name: 'gear',
  grain: { horizontal: 1, amount: 8 },
  kinds: {
    scratch: scratch(onDisc),
    dent: dent(onDisc),
    stain: stain(onDisc),
    contamination: contamination(onDisc),
    missing_tooth: missingTooth,
  },
  part(random) {
    const place = `${jitter(random)} rotate(${between(random, 0, 360).toFixed(2)} ${MIDDLE} ${MIDDLE})`;
    const tone = oneOf(random, ['#a9a39a', '#a39d94', '#b0aaa0']);
    const teeth = Array.from({ length: TEETH }, (_, position) => tooth(position, tone)).join('');
    const ring = (radius: number, fill: string, stroke: string) =>
      `<circle cx="${MIDDLE}" cy="${MIDDLE}" r="${radius}" fill="${fill}" stroke="${stroke}" stroke-width="3"/>`;
    const svg = `<rect width="${PICTURE}" height="${PICTURE}" fill="${BELT}"/>
<g transform="${place}">${teeth}${ring(102, tone, '#857f76')}${ring(42, '#8f897f', '#6f6a61')}${ring(26, '#22241f', '#6f6a61')}
<rect x="${MIDDLE - 6}" y="${MIDDLE - 36}" width="12" height="16" fill="#22241f"/></g>`;
    return { svg, place };
  },
};
