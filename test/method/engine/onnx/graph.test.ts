import { expect, it } from 'vitest';
import { Graph } from '../../../../src/method/engine/onnx/graph.js';

it('asks for no output that nobody reads', () => {
  const pooled = (alsoIndices: boolean) => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [1, 1, 4, 4]);
    const shape = [1, 1, 2, 2];
    const outputs = [
      { shape, type: 'float32' as const },
      { shape, type: 'int64' as const },
    ];
    const [pool, indices] = graph.node('MaxPool', [x], outputs, { kernel_shape: [2, 2], strides: [2, 2] });
    graph.output('pooled', pool);
    if (alsoIndices) graph.output('places', graph.node('Add', [indices, indices], [outputs[1]])[0]);
    return { text: Buffer.from(graph.encode()).toString('latin1'), indices: indices.name };
  };
  const [alone, together] = [pooled(false), pooled(true)];
  expect(alone.text).not.toContain(alone.indices);
  expect(together.text).toContain(together.indices);
});
