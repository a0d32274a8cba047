// Renders a large product with small defects, to measure what tiles are for: a brushed plate at 2048 x 2048 pixels,
// with scratches, dents, stains and fibres of 10 to 35 pixels.
//   node bench/large-product.js FOLDER [--side 2048] [--good 60] [--seed 7]
//   node bench/products.js PARENT --out ... --tiles 4x4
import { parseArgs } from 'node:util';
import { writeDataset } from '../dist/tools/demo/dataset.js';
import { bracket } from '../dist/tools/demo/products/bracket.js';
import { contamination, dent, scratch, stain } from '../dist/tools/demo/products/defects.js';
import { between } from '../dist/tools/demo/products/product.js';

/** Of the demo's defects. */
const SCALE = 0.1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    side: { type: 'string', default: '2048' },
    good: { type: 'string', default: '60' },
    seed: { type: 'string', default: '7' },
  },
});
const [root] = positionals;
if (root === undefined) {
  console.error('usage: node bench/large-product.js FOLDER [options]; the file says which');
  process.exit(2);
}

/** A defect of the demo, small, on free metal. */
const small = (kind) => (random) => {
  const { svg, area } = kind(() => [0, 0])(random);
  const [x, y] = [between(random, 112, 206), random() < 0.5 ? between(random, 74, 136) : between(random, 184, 246)];
  const placed = (shapes) => `<g transform="translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${SCALE})">${shapes}</g>`;
  return { svg: placed(svg), area: placed(area) };
};

const kinds = Object.fromEntries(
  Object.entries({ scratch, dent, stain, contamination }).map(([name, kind]) => [name, small(kind)]),
);
const product = { ...bracket, side: Number(values.side), kinds };
const counts = { good: Number(values.good), testGood: 40, defective: 10 };
await writeDataset(product, root, counts, Number(values.seed), (done, total) =>
  process.stderr.write(`\r${done}/${total}`),
);
process.stderr.write('\n');
