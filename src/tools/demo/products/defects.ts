import type { Random } from '../../../common/random.js';
import { between, type Defect, oneOf } from './product.js';

/** A place on the part: x and y in pixels. */
export type Place = (random: Random) => readonly [number, number];

const point = (x: number, y: number): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** A thin line, brighter or darker than the surface. */
export const scratch =
  (place: Place, colours = ['#f4f4f4', '#202020']) =>
  (random: Random): Defect => {
    const [x, y] = place(random);
    const angle = between(random, 0, Math.PI);
    const half = between(random, 16, 34);
    const [dx, dy] = [half * Math.cos(angle), half * Math.sin(angle)];
    const bend = between(random, -8, 8);
    const path = `M${point(x - dx, y - dy)} Q${point(x + bend, y - bend)} ${point(x + dx, y + dy)}`;
    const width = between(random, 1.6, 2.6).toFixed(1);
    const colour = oneOf(random, colours);
    const line = `<path d="${path}" fill="none" stroke-linecap="round"`;
    return {
      svg: `${line} stroke="${colour}" stroke-opacity="0.85" stroke-width="${width}"/>`,
      area: `${line} stroke="#fff" stroke-width="${Number(width) + 2}"/>`,
    };
  };

/** A hollow: light on one side, dark on the other. */
export const dent =
  (place: Place) =>
  (random: Random): Defect => {
    const [x, y] = place(random);
    const [rx, ry] = [between(random, 8, 14), between(random, 7, 12)];
    const ellipse = `<ellipse cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" rx="${rx.toFixed(1)}" ry="${ry.toFixed(1)}"`;
    return {
      svg: `<defs><linearGradient id="dent" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#000" stop-opacity="0.6"/>
<stop offset="0.5" stop-color="#555" stop-opacity="0.25"/><stop offset="1" stop-color="#fff" stop-opacity="0.65"/></linearGradient></defs>
${ellipse} fill="url(#dent)"/>`,
      area: `${ellipse} fill="#fff"/>`,
    };
  };

/** A spot of oil or rust with an uneven outline. */
export const stain =
  (place: Place, colours = ['#5a3410', '#3b2a14', '#1d2a36']) =>
  (random: Random): Defect => {
    const [x, y] = place(random);
    const radius = between(random, 9, 18);
    const corners = Array.from({ length: 9 }, (_, i) => {
      const angle = (i / 9) * 2 * Math.PI;
      const reach = radius * between(random, 0.65, 1.25);
      return point(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
    });
    const path = `<path d="M${corners.join(' L')} Z" stroke-linejoin="round"`;
    const colour = oneOf(random, colours);
    const opacity = between(random, 0.45, 0.7).toFixed(2);
    return {
      svg: `${path} fill="${colour}" fill-opacity="${opacity}" stroke="${colour}" stroke-opacity="${opacity}" stroke-width="3"/>`,
      area: `${path} fill="#fff" stroke="#fff" stroke-width="3"/>`,
    };
  };

/** Something that lies on the part: a fibre, or a chip. */
export const contamination =
  (place: Place, colours = ['#16324f', '#7a1f1f', '#1f5a2a', '#0c0c0c']) =>
  (random: Random): Defect => {
    const [x, y] = place(random);
    const reach = () => between(random, -26, 26);
    const fibre = `<path d="M${point(x, y)} c${point(reach(), reach())} ${point(reach(), reach())} ${point(reach(), reach())}" fill="none" stroke-linecap="round"`;
    const chip = `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${between(random, 4, 7).toFixed(1)}"`;
    const colour = oneOf(random, colours);
    return {
      svg: `${fibre} stroke="${colour}" stroke-width="2.4"/>${chip} fill="${colour}"/>`,
      area: `${fibre} stroke="#fff" stroke-width="4"/>${chip} fill="#fff"/>`,
    };
  };
