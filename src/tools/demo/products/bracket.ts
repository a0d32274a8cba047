import type { Random } from '../../../common/random.js';
import { contamination, dent, scratch, stain } from './defects.js';
import { between, type Defect, jitter, oneOf, PICTURE, type Product } from './product.js';

const holes = [
  [92, 104],
  [228, 104],
  [92, 216],
  [228, 216],
] as const;
const HOLE = 15;

/** Free metal, away from holes and slot. */
const onMetal = (random: Random) =>
  [between(random, 115, 205), oneOf(random, [between(random, 92, 126), between(random, 194, 228)])] as const;

const METAL = ['#c9ccd0', '#8f959c'];

const circle = ([x, y]: readonly [number, number], radius: number, fill: string) =>
  `<circle cx="${x}" cy="${y}" r="${radius}" fill="${fill}"/>`;

/** A hole that was never drilled. */
function missingHole(random: Random): Defect {
  const hole = oneOf(random, holes);
  return { svg: circle(hole, HOLE + 4, '#adb1b6'), area: circle(hole, HOLE + 3, '#fff') };
}

/** A brushed steel plate with four holes and a slot, always in the same place: the rigid part of a fixed camera. */
export const bracket: Product = {
  name: 'bracket',
  grain: { horizontal: 12, amount: 7 },
  kinds: {
    scratch: scratch(onMetal),
    dent: dent(onMetal),
    stain: stain(onMetal),
    contamination: contamination(onMetal),
    missing_hole: missingHole,
  },
  part(random) {
    const place = jitter(random);
    const angle = between(random, 60, 120).toFixed(0);
    const rims = holes.map((hole) => circle(hole, HOLE + 4, '#7d838a') + circle(hole, HOLE, '#23262a')).join('');
    const svg = `<defs><linearGradient id="metal" gradientTransform="rotate(${angle} 0.5 0.5)">
<stop offset="0" stop-color="${METAL[0]}"/><stop offset="1" stop-color="${METAL[1]}"/></linearGradient></defs>
<rect width="${PICTURE}" height="${PICTURE}" fill="#3a3f45"/>
<g transform="${place}"><rect x="58" y="66" width="208" height="192" rx="20" fill="#1d2023" opacity="0.55"/>
<rect x="54" y="60" width="212" height="200" rx="20" fill="url(#metal)" stroke="#6d737a" stroke-width="3"/>${rims}
<rect x="112" y="146" width="96" height="28" rx="14" fill="#23262a" stroke="#7d838a" stroke-width="4"/></g>`;
    return { svg, place };
  },
};
