import { KdadError } from '../../../common/errors.js';
import { floatToHalf } from '../../../common/half.js';
import { type Edge, Graph, type Node } from './graph.js';

/** What may follow a convolution without leaving half precision. */
const followers = new Set(['Add', 'Relu', 'MaxPool']);

/** ONNX's numbers of the two types, for Cast. */
const FLOAT32 = 1;
const FLOAT16 = 10;

/**
 * The same graph with its convolutions in 16-bit floats, weights and activations, and with them the biases, sums, ReLUs
 * and pools between them. Everything else stays in 32 bits behind casts: what brings frames to the networks, the
 * distances (sums of many squares) and the map. Inputs and outputs keep their types.
 *
 * @throws KdadError ENGINE_FAILED for a weight beyond 65504
 */
export function halfPrecision(graph: Graph): Graph {
  return new Halver(graph).graph;
}

class Halver {
  readonly graph = new Graph();
  readonly #original: Graph;
  /** By the names of the original's edges; an edge that is read in both precisions is in both. */
  readonly #floats = new Map<string, Edge>();
  readonly #halves = new Map<string, Edge>();
  /** What nodes in half precision made. */
  readonly #made = new Set<string>();

  constructor(original: Graph) {
    this.#original = original;
    for (const edge of original.inputs) this.#floats.set(edge.name, this.graph.input(edge.name, edge.type, edge.shape));
    for (const node of original.nodes) this.#copy(node, this.#isHalf(node));
    for (const [name, edge] of original.outputs) this.graph.output(name, this.#float(edge));
  }

  /** Convolutions of constant weights and several channels (a blur is left alone), and what follows them. */
  #isHalf({ operator, inputs }: Node): boolean {
    const constant = (edge: Edge) => this.#original.dataOf(edge) !== undefined;
    const present = inputs.filter((edge) => edge !== undefined);
    if (operator === 'Conv') return present[1].shape[0] > 1 && constant(present[1]);
    const computed = present.filter((edge) => !constant(edge));
    return followers.has(operator) && computed.every(({ name }) => this.#made.has(name));
  }

  #copy({ operator, domain, inputs, outputs, attributes }: Node, half: boolean): void {
    const edges = this.graph.node(
      operator,
      inputs.map((edge) => edge && (half ? this.#half(edge) : this.#float(edge))),
      outputs.map((edge) => (half && edge.type === 'float32' ? { ...edge, type: 'float16' } : edge)),
      attributes,
      domain,
    );
    for (const [i, { name }] of outputs.entries()) {
      (half ? this.#halves : this.#floats).set(name, edges[i]);
      if (half) this.#made.add(name);
    }
  }

  #half(edge: Edge): Edge {
    const known = this.#halves.get(edge.name);
    if (known) return known;
    const data = this.#original.dataOf(edge);
    const made =
      data instanceof Float32Array
        ? this.graph.constant(
            Uint16Array.from(data, (value) => toHalf(value, edge)),
            edge.shape,
            'float16',
          )
        : this.#cast(this.#float(edge), 'float16', FLOAT16);
    this.#halves.set(edge.name, made);
    return made;
  }

  #float(edge: Edge): Edge {
    const known = this.#floats.get(edge.name);
    if (known) return known;
    const data = this.#original.dataOf(edge);
    const made = data
      ? this.graph.constant(data, edge.shape, edge.type)
      : this.#cast(this.#halves.get(edge.name) as Edge, 'float32', FLOAT32);
    this.#floats.set(edge.name, made);
    return made;
  }

  #cast(edge: Edge, type: 'float16' | 'float32', to: number): Edge {
    return this.graph.node('Cast', [edge], [{ shape: edge.shape, type }], { to })[0];
  }
}

function toHalf(value: number, { name }: Edge): number {
  if (Math.abs(value) < 65520) return floatToHalf(value);
  throw new KdadError('ENGINE_FAILED', `${name}: ${value} is too large for 16 bits; take precision fp32`);
}
