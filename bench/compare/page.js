import { batchesOf, ratiosOf } from './ratios.js';

/** The tables of docs/benchmarks.md in Markdown, by the names of their markers. */
export function tablesOf({ pairs, auroc, scaling, latency, text, date }) {
  return {
    ratios: `${setting(pairs, date)}\n\n${ratioTable(ratiosOf(pairs))}`,
    ...(auroc && { auroc: aurocTable(auroc) }),
    batch: batchTable(batchesOf(pairs)),
    resolution: resolutionTable(scaling.resolution),
    cameras: cameraTable(scaling.cameras),
    latency: verbatim(latency.join('\n')),
    box: verbatim(text),
  };
}

/**
 * The page with this content between a marker's two lines, `<!-- name: begin -->` and `<!-- name: end -->`.
 * @throws Error where they are missing
 */
export function withTable(page, name, content) {
  const [begin, end] = ['begin', 'end'].map((which) => `<!-- ${name}: ${which} -->`);
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no lines "${begin}" and "${end}"`);
  return `${page.slice(0, from + begin.length)}\n${content}\n${page.slice(to)}`;
}

function setting(pairs, date) {
  const { processor, cores, memory, kdadEdge, node, onnxruntime } = pairs[0].own.machine;
  const { torch, threads } = pairs[0].reference;
  const busy = Math.max(...pairs.map(({ own }) => own.machine.busyCores ?? 0));
  return [
    `${pairs.length} ${pairs.length === 1 ? 'pair' : 'pairs'} on ${date}: ${processor}, ${cores} cores, ${(memory / 1e9).toFixed(1)} GB;`,
    `kdad-edge ${kdadEdge}, Node ${node.slice(1)}, onnxruntime ${onnxruntime}; PyTorch ${torch}, ${threads} threads.`,
    `Before its turns other programs kept ${busy.toFixed(1)} cores busy at most. Milliseconds an image, medians; ratios are kdad-edge by PyTorch, median (least to most).`,
  ].join('\n');
}

const ratioTable = (rows) =>
  table(
    ['', 'kdad-edge', 'PyTorch, channels_last', 'ratio', 'PyTorch, default layout', 'ratio', 'wanted'],
    rows.map(({ what, milliseconds, channelsLast, usual, wanted }) => [
      what,
      time(milliseconds),
      time(channelsLast.milliseconds),
      `**${spread(channelsLast)}**`,
      time(usual.milliseconds),
      spread(usual),
      `at most ${wanted.toFixed(1)}`,
    ]),
  );

const aurocTable = ({ own, reference }) =>
  table(
    [
      'seed',
      'kdad-edge',
      'image AUROC',
      'pixel AUROC',
      'PyTorch, 20 epochs',
      'image AUROC',
      'pixel AUROC',
      'ratio of time',
    ],
    own.map(({ seed, seconds, imageAuroc, pixelAuroc }, i) => [
      seed,
      `${seconds.toFixed(0)} s`,
      imageAuroc.toFixed(4),
      pixelAuroc.toFixed(4),
      `${reference[i].train_s.toFixed(0)} s`,
      reference[i].image_auroc.toFixed(4),
      reference[i].pixel_auroc.toFixed(4),
      `**${(seconds / reference[i].train_s).toFixed(2)}**`,
    ]),
  );

const spread = ({ ratio, least, most }) => `${ratio.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;

const batchTable = (rows) =>
  table(
    ['batch', 'fp32', 'images a second', 'int8', 'images a second', 'PyTorch, channels_last'],
    rows.map(({ batch, fp32, int8, reference }) => [
      batch,
      time(fp32),
      (1000 / fp32).toFixed(0),
      time(int8),
      (1000 / int8).toFixed(0),
      reference === undefined ? '' : time(reference),
    ]),
  );

/** Billions of operations a second, of one image that takes so many milliseconds. */
const rate = (operations, milliseconds) => (operations / milliseconds / 1e6).toFixed(0);

const resolutionTable = (rows) =>
  table(
    [
      'pixels',
      'billion operations',
      'fp32, batch 1',
      'a second',
      'fp32, batch 8',
      'int8, batch 1',
      'int8, batch 8',
      'a second',
    ],
    rows.map(({ size, operations, milliseconds: { fp32, int8 } }) => [
      `${size} x ${size}`,
      (operations / 1e9).toFixed(2),
      time(fp32[1]),
      rate(operations, fp32[1]),
      time(fp32[8]),
      time(int8[1]),
      time(int8[8]),
      rate(operations, int8[8]),
    ]),
  );

const cameraTable = (rows) =>
  table(
    ['cameras', 'frames judged', 'dropped', 'p50', 'p95', 'p99', 'cores', 'detector', 'ffmpeg', 'daemon', 'memory'],
    rows.map(({ cameras, judged, dropped, latencyMs: { p50, p95, p99 }, cores, memory }) => [
      cameras,
      judged,
      dropped,
      ...[p50, p95, p99].map((latency) => `${latency.toFixed(0)} ms`),
      ...[cores.total, cores.inference, cores.ffmpeg, cores.daemon].map((share) => share.toFixed(2)),
      `${(memory.total / 1e6).toFixed(0)} MB`,
    ]),
  );

const verbatim = (text) => `\`\`\`\n${text.trimEnd()}\n\`\`\``;

const time = (milliseconds) => milliseconds.toFixed(1);

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
