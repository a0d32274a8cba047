import { KdadError } from '../../../common/errors.js';
import { type Chain, chains, comparisons } from './chains.js';
import { type Edge, Graph, type Node } from './graph.js';
import { meanErrors, quantiseBias, quantiseFilter } from './quantised-filter.js';

/** What an activation's values lie between; what lies outside is cut off. */
export interface Range {
  readonly low: number;
  readonly high: number;
  /** The mean of each channel (axis 1), of what goes into a convolution. */
  readonly means?: Float32Array;
}

/** An edge of bytes, each meaning (byte - zero) * scale. */
interface Quantised {
  readonly edge: Edge;
  readonly scale: Edge;
  readonly zero: Edge;
  readonly step: number;
}

/**
 * The edges whose ranges `quantise` has to know: what goes into convolutions, and what comes out of them and of their
 * sums.
 */
export function activations(graph: Graph): Edge[] {
  const found = chains(graph);
  const entering = found.flatMap(({ kind, operands }) => (kind === 'convolution' ? operands : []));
  return [
    ...new Map([...entering, ...found.map(({ measured }) => measured)].map((edge) => [edge.name, edge])).values(),
  ];
}

/**
 * The same graph with its convolutions in 8-bit integers: weights by output channel (int8, symmetric), activations by
 * edge (uint8), and bytes all the way between them, through sums and pools, too. A ReLU costs nothing: its range begins
 * at 0, and what is below is cut off. Everything else stays as it is, behind a DequantizeLinear. Jacob et al. 2018,
 * https://arxiv.org/abs/1712.05877.
 *
 * @param ranges of every edge of `activations`, by name
 * @throws KdadError ENGINE_FAILED for an edge without a range
 */
export function quantise(graph: Graph, ranges: ReadonlyMap<string, Range>): Graph {
  return new Quantiser(graph, ranges).graph;
}

class Quantiser {
  readonly graph = new Graph();
  readonly #original: Graph;
  readonly #ranges: ReadonlyMap<string, Range>;
  /** By the names of the original's edges. */
  readonly #floats = new Map<string, Edge>();
  readonly #bytes = new Map<string, Quantised>();
  readonly #comparisons: ReadonlySet<Node>;

  constructor(original: Graph, ranges: ReadonlyMap<string, Range>) {
    this.#original = original;
    this.#ranges = ranges;
    this.#comparisons = comparisons(original);
    for (const edge of original.inputs) this.#floats.set(edge.name, this.graph.input(edge.name, edge.type, edge.shape));
    const found = chains(original);
    const beginning = new Map(found.map((chain) => [chain.nodes[0], chain]));
    const within = new Set(found.flatMap(({ nodes }) => nodes));
    for (const node of original.nodes) {
      const chain = beginning.get(node);
      if (chain)
        this.#bytes.set(chain.end.name, chain.kind === 'convolution' ? this.#convolve(chain) : this.#add(chain));
      else if (!within.has(node)) this.#copy(node);
    }
    for (const [name, edge] of original.outputs) this.graph.output(name, this.#float(edge));
  }

  #convolve({ operands: [x], nodes: [{ inputs, attributes }], bias, end, measured }: Chain): Quantised {
    const filter = inputs[1] as Edge;
    const { graph } = this;
    const from = this.#quantised(x);
    const to = this.#scale(measured);
    const weights = this.#original.dataOf(filter) as Float32Array;
    const quantised = quantiseFilter(weights, filter.shape[0]);
    const { data, scales } = quantised;
    const means = this.#ranges.get(x.name)?.means;
    const corrected = means ? difference(bias, meanErrors(weights, quantised, means)) : bias;
    const channels = [scales.length];
    const operands = [
      from.edge,
      from.scale,
      from.zero,
      graph.constant(data, filter.shape, 'int8'),
      graph.constant(scales, channels, 'float32'),
      graph.constant(new Int8Array(scales.length), channels, 'int8'),
      to.scale,
      to.zero,
      corrected && graph.constant(quantiseBias(corrected, scales, from.step), channels, 'int32'),
    ];
    const [edge] = graph.node('QLinearConv', operands, [{ shape: end.shape, type: 'uint8' }], attributes);
    return { ...to, edge };
  }

  #add({ operands: [a, b], end }: Chain): Quantised {
    const [left, right, to] = [this.#quantised(a), this.#quantised(b), this.#scale(end)];
    const operands = [left.edge, left.scale, left.zero, right.edge, right.scale, right.zero, to.scale, to.zero];
    const [edge] = this.graph.node('QLinearAdd', operands, [{ shape: end.shape, type: 'uint8' }], {}, 'com.microsoft');
    return { ...to, edge };
  }

  #copy(node: Node): void {
    const { operator, domain, inputs, outputs, attributes } = node;
    const from = this.#comparisons.has(node) && inputs[0] ? this.#bytes.get(inputs[0].name) : undefined;
    if (from) {
      const others = inputs.slice(1).map((edge) => edge && this.#float(edge));
      const [edge] = this.graph.node(
        operator,
        [from.edge, ...others],
        [{ shape: outputs[0].shape, type: 'uint8' }],
        attributes,
      );
      this.#bytes.set(outputs[0].name, { ...from, edge });
      return;
    }
    const edges = this.graph.node(
      operator,
      inputs.map((edge) => edge && this.#float(edge)),
      outputs,
      attributes,
      domain,
    );
    for (const [i, { name }] of outputs.entries()) this.#floats.set(name, edges[i]);
  }

  #float(edge: Edge): Edge {
    const known = this.#floats.get(edge.name);
    if (known) return known;
    const made = this.#constant(edge) ?? this.#dequantised(edge);
    this.#floats.set(edge.name, made);
    return made;
  }

  #constant(edge: Edge): Edge | undefined {
    const data = this.#original.dataOf(edge);
    return data && this.graph.constant(data, edge.shape, edge.type);
  }

  #dequantised({ name, shape }: Edge): Edge {
    const { edge, scale, zero } = this.#bytes.get(name) as Quantised;
    return this.graph.node('DequantizeLinear', [edge, scale, zero], [{ shape, type: 'float32' }])[0];
  }

  #quantised(edge: Edge): Quantised {
    const known = this.#bytes.get(edge.name);
    if (known) return known;
    const to = this.#scale(edge);
    const operands = [this.#float(edge), to.scale, to.zero];
    const [bytes] = this.graph.node('QuantizeLinear', operands, [{ shape: edge.shape, type: 'uint8' }]);
    const made = { ...to, edge: bytes };
    this.#bytes.set(edge.name, made);
    return made;
  }

  /** Zero is always among the values: padding has to be exact. */
  #scale({ name }: Edge): Omit<Quantised, 'edge'> {
    const range = this.#ranges.get(name);
    if (!range) throw new KdadError('ENGINE_FAILED', `${name}: no range to quantise it with`);
    const [low, high] = [Math.min(0, range.low), Math.max(0, range.high)];
    const step = Math.fround((high - low) / 255) || 1;
    const zero = Math.round(-low / step);
    return {
      step,
      scale: this.graph.constant(Float32Array.of(step), [], 'float32'),
      zero: this.graph.constant(Uint8Array.of(zero), [], 'uint8'),
    };
  }
}

const difference = (bias: Float32Array | undefined, errors: Float32Array): Float32Array =>
  errors.map((error, channel) => (bias?.[channel] ?? 0) - error);
