import type { Random } from '../../../common/random.js';
import { contamination, scratch } from './defects.js';
import { between, type Defect, jitter, oneOf, PICTURE, type Product } from './product.js';

const pockets = [70, 130, 190, 250].flatMap((x) => [100, 160, 220].map((y) => [x, y] as const));
const RADIUS = 19;
const FOIL = '#b9bec4';

const circle = ([x, y]: readonly [number, number], radius: number, fill: string) =>
  `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}" fill="${fill}"/>`;

/** On a tablet, where it may lie in its pocket. */
const onTablet = (random: Random) => {
  const [x, y] = oneOf(random, pockets);
  return [x + between(random, -6, 6), y + between(random, -6, 6)] as const;
};

/** A pocket without its tablet. */
function missingTablet(random: Random): Defect {
  const pocket = oneOf(random, pockets);
  return { svg: circle(pocket, RADIUS + 1.5, '#8d939a'), area: circle(pocket, RADIUS, '#fff') };
}

/** A tablet of another product. */
function wrongTablet(random: Random): Defect {
  const pocket = oneOf(random, pockets);
  const colour = oneOf(random, ['#d9c24f', '#d98f8f', '#7fa8d0']);
  return { svg: circle(pocket, RADIUS - 1, colour), area: circle(pocket, RADIUS - 1, '#fff') };
}

/** A tablet of which a piece broke off. */
function brokenTablet(random: Random): Defect {
  const [x, y] = oneOf(random, pockets);
  const angle = between(random, 0, 360).toFixed(0);
  const piece = (fill: string) =>
    `<path transform="rotate(${angle} ${x} ${y})" d="M${x - 19} ${y - 6} L${x - 6} ${y - 9} L${x + 4} ${y - 5} L${x + 19} ${y - 6} A20 20 0 0 0 ${x - 19} ${y - 6} Z" fill="${fill}"/>`;
  return { svg: piece('#8d939a'), area: piece('#fff') };
}

/** A blister pack of twelve tablets, each of which lies a little differently in its pocket. */
export const blister: Product = {
  name: 'blister',
  grain: { horizontal: 1, amount: 5 },
  kinds: {
    missing_tablet: missingTablet,
    wrong_tablet: wrongTablet,
    broken_tablet: brokenTablet,
    scratch: scratch(onTablet, ['#5c5c5c', '#3a3a3a']),
    contamination: contamination(onTablet),
  },
  part(random) {
    const place = jitter(random);
    const tablets = pockets.map(([x, y]) => {
      const at = [x + between(random, -2.5, 2.5), y + between(random, -2.5, 2.5)] as const;
      const score = `<path transform="rotate(${between(random, 0, 180).toFixed(0)} ${at[0]} ${at[1]})" d="M${at[0] - 14} ${at[1]} H${at[0] + 14}" stroke="#cfcbc2" stroke-width="2"/>`;
      return `${circle([x, y], RADIUS + 4, '#9aa0a7')}${circle(at, RADIUS - 2, oneOf(random, ['#f0ede6', '#ece9e1', '#f3f1ea']))}${score}`;
    });
    const svg = `<rect width="${PICTURE}" height="${PICTURE}" fill="#2e3238"/>
<g transform="${place}"><rect x="34" y="62" width="252" height="196" rx="12" fill="${FOIL}" stroke="#d8dce0" stroke-width="3"/>${tablets.join('')}</g>`;
    return { svg, place };
  },
};
