// The measurements of bench/products.js as Markdown: one line a product and recipe, means over the seeds.

/** @param rows what `measured` of bench/products.js makes */
export function table(rows) {
  const groups = new Map();
  for (const row of rows) {
    const key = `${row.product} | ${row.recipe}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const lines = [...groups].map(([key, of]) => `| ${key} | ${cells(of).join(' | ')} |`);
  const spoiled = [...groups]
    .filter(([, of]) => of.every(({ named }) => named))
    .map(([key, of]) => `${key}: ${foundOf(of)}`);
  const disturbed = [...groups].filter(([, of]) => of.every(({ robustness }) => robustness));
  return `${[HEADING, RULE(11), ...lines, '', ...spoiled].join('\n').trimEnd()}\n${disturbed.length > 0 ? `\n${robustness(disturbed)}\n` : ''}`;
}

const HEADING =
  '| product | recipe | image AUROC | in int8 | pixel AUROC | PRO | caught | false alarms | training, s | fp32, ms | int8, ms |';
const RULE = (columns) => `|${'---|'.repeat(columns)}`;

function cells(rows) {
  const of = (read, digits) => figure(mean(rows.map(read)), digits);
  return [
    of(({ fp32 }) => fp32.imageAuroc, 4),
    of(({ int8 }) => int8.imageAuroc, 4),
    of(({ fp32 }) => fp32.pixelAuroc, 4),
    of(({ fp32 }) => fp32.pro, 3),
    share(rows.map(({ fp32 }) => fp32.caught)),
    share(rows.map(({ fp32 }) => fp32.falseAlarms)),
    of(({ trainingSeconds }) => trainingSeconds, 0),
    of(({ fp32 }) => fp32.milliseconds, 1),
    of(({ int8 }) => int8.milliseconds, 1),
  ];
}

/** The mean share, and in brackets the 95 % interval that the images of the first seed leave. */
function share(shares) {
  const [{ total, low, high }] = shares;
  if (total === 0) return '-';
  const percent = (part) => (100 * part).toFixed(1);
  return `${percent(mean(shares.map(({ count }) => count / total)))} % (${percent(low)} to ${percent(high)})`;
}

/** How many of the defective images among the good ones were named, and how many others. */
function foundOf(rows) {
  const [found, of, others] = [
    ({ spoiled, named }) => spoiled.filter((image) => named.includes(image)).length,
    ({ spoiled }) => spoiled.length,
    ({ spoiled, named }) => named.filter((image) => !spoiled.includes(image)).length,
  ].map((read) => rows.reduce((sum, row) => sum + read(row), 0));
  return `${found} of ${of} defective images among the good ones are named, and ${others} others`;
}

function robustness(groups) {
  const names = Object.keys(groups[0][1][0].robustness);
  const lines = groups.flatMap(([key, rows]) =>
    names.map((name) => {
      const of = (what) => mean(rows.map((row) => row.robustness[name][what]));
      return `| ${key} | ${name} | ${figure(of('imageAuroc'), 4)} | ${percentage(of('caught'))} | ${percentage(of('falseAlarms'))} |`;
    }),
  );
  return ['| product | recipe | disturbance | image AUROC | caught | false alarms |', RULE(6), ...lines].join('\n');
}

const percentage = (part) => (part === null ? '-' : `${(100 * part).toFixed(1)} %`);
const mean = (values) =>
  values.some((value) => value === null) ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
const figure = (value, digits) => (value === null ? '-' : value.toFixed(digits));
