import { join } from 'node:path';
import { activationRanges } from '../../dist/learning/quantisation/activation-ranges.js';
import { traceDetector } from '../../dist/learning/training/export-detector.js';
import { readMakings } from '../../dist/method/detector/makings.js';
import { quantise } from '../../dist/method/engine/onnx/quantise.js';
import { decodeImage } from '../../dist/method/images/image.js';
import { featureMaps } from '../../dist/method/model/backbone.js';

/**
 * A bundle's detector for square pictures of another size, in floats and in integers: as fast as one that was trained
 * at that size.
 */
export async function detectorsOfSize(bundle, size) {
  const { weights, options, size: own } = await readMakings(bundle);
  const { teacher, student } = weights;
  const shrunk = own[0] / options.map.size[0];
  const shape = {
    size: [size, size],
    normalisation: options.normalisation,
    map: { ...options.map, size: [size / shrunk, size / shrunk] },
    maxBatch: bundle.manifest.detector.maxBatch,
  };
  const graph = await traceDetector(
    { teacher, student, memory: weights.memory, usual: usualAt(weights.usual, size) },
    shape,
  );
  const picture = join(bundle.directory, bundle.manifest.selfTest.file);
  const frame = await decodeImage(picture, { size: [size, size] });
  const ranges = await activationRanges(graph, [frame]);
  const encode = (made) => made.encode({ symbolicBatch: true });
  return { student, frame, fp32: encode(graph), int8: encode(quantise(graph, ranges)) };
}

/** Each layer's usual distance at another size, from the nearest place. */
function usualAt(usual, size) {
  const layers = Object.entries(usual).map(([name, { shape, data }], layer) => {
    const side = size / featureMaps[layer].stride;
    const nearest = (to, from) => Math.floor(((to + 0.5) * from) / side);
    const resized = Float32Array.from({ length: side * side }, (_, i) => {
      const [row, column] = [nearest(Math.floor(i / side), shape[0]), nearest(i % side, shape[1])];
      return data[row * shape[1] + column];
    });
    return [name, { shape: [side, side], data: resized }];
  });
  return Object.fromEntries(layers);
}
