import type { Random } from '../../../common/random.js';
import { contamination, dent, scratch, stain } from './defects.js';
import { between, type Defect, jitter, oneOf, PICTURE, type Product } from './product.js';

const pins = [96, 138, 180, 222];

/** On the housing, beside the label. */
const onHousing = (random: Random) =>
  [between(random, 90, 230), oneOf(random, [between(random, 100, 122), between(random, 198, 218)])] as const;

const pin = (x: number, fill: string, grow = 0) =>
  `<rect x="${x - grow}" y="243" width="${14 + 2 * grow}" height="${35 + grow}" rx="2" fill="${fill}"/>`;

/** A pin that was torn off: the belt shows. */
function missingPin(random: Random): Defect {
  const x = oneOf(random, pins);
  return { svg: pin(x, '#8a8f84', 2), area: pin(x, '#fff', 2) };
}

/** A black relay with a label and a row of pins, which comes either way round: both positions are right. */
export const relay: Product = {
  name: 'relay',
  grain: { horizontal: 1, amount: 5 },
  kinds: {
    scratch: scratch(onHousing, ['#d8d8d8', '#f2f2f2']),
    dent: dent(onHousing),
    stain: stain(onHousing, ['#b7a26a', '#9aa3a8', '#7d6a4a']),
    contamination: contamination(onHousing, ['#c4d2df', '#d9b48f', '#b9d6bd']),
    missing_pin: missingPin,
  },
  part(random) {
    const turned = random() < 0.5 ? 0 : 180;
    const place = `${jitter(random)} rotate(${turned} ${PICTURE / 2} ${PICTURE / 2})`;
    const rows = pins.map((x) => pin(x, '#c8b27a')).join('');
    const label = oneOf(random, ['#e9e6dc', '#e4e4e4', '#efeadb']);
    const svg = `<rect width="${PICTURE}" height="${PICTURE}" fill="#8a8f84"/>
<g transform="${place}">${rows}<rect x="66" y="78" width="188" height="162" rx="8" fill="#26282b" stroke="#3d4146" stroke-width="4"/>
<rect x="92" y="132" width="136" height="56" rx="3" fill="${label}"/>
<rect x="102" y="142" width="74" height="9" fill="#2b2b2b"/><rect x="102" y="157" width="104" height="6" fill="#555"/>
<rect x="102" y="169" width="90" height="6" fill="#555"/><circle cx="210" cy="147" r="8" fill="#b5382e"/></g>`;
    return { svg, place };
  },
};
