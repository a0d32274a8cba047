import type { Edge, Graph, Node } from './graph.js';

/** Nodes that integer arithmetic does in one: a convolution with its bias and ReLU, or a sum of such with its ReLU. */
export interface Chain {
  readonly kind: 'convolution' | 'sum';
  /** In the order of execution. */
  readonly nodes: readonly Node[];
  /** What is computed before it; not filter and bias. */
  readonly operands: readonly Edge[];
  readonly bias?: Float32Array;
  /** What the last node makes. */
  readonly end: Edge;
  /** The values whose range matters: of what is made only to look for its least values, those; else all of `end`. */
  readonly measured: Edge;
}

/** The chains of a graph, in the order of execution. */
export function chains(graph: Graph): Chain[] {
  const readers = readersOf(graph);
  const found: Chain[] = [];
  const within = new Set<Node>();
  /** What is there in bytes: a pool leaves them as they are. */
  const produced = new Set<string>();
  for (const node of graph.nodes) {
    if (within.has(node)) continue;
    if (node.operator === 'MaxPool' && produced.has((node.inputs[0] as Edge).name)) produced.add(node.outputs[0].name);
    const chain = isConvolution(graph, node) ? convolution(graph, node, readers) : sum(node, produced, readers);
    if (!chain) continue;
    found.push(chain);
    produced.add(chain.end.name);
    for (const one of chain.nodes) within.add(one);
  }
  return found;
}

/** The nodes that only compare values or bring them to such: they do the same with bytes. */
export function comparisons(graph: Graph): Set<Node> {
  const readers = readersOf(graph);
  const found = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    const next = onlyReader(node, readers);
    const leads = moves.has(node.operator) && next !== undefined && found.has(next);
    if (node.operator === 'MaxPool' || node.operator === 'ReduceMin' || leads) found.add(node);
  }
  return found;
}

/** Who reads an edge, by its name; undefined is whoever runs the graph. */
type Readers = ReadonlyMap<string, readonly (Node | undefined)[]>;

function readersOf(graph: Graph): Readers {
  const readers = new Map<string, (Node | undefined)[]>();
  const note = ({ name }: Edge, reader?: Node) => readers.set(name, [...(readers.get(name) ?? []), reader]);
  for (const node of graph.nodes) for (const edge of node.inputs) if (edge) note(edge, node);
  for (const edge of graph.outputs.values()) note(edge);
  return readers;
}

/** Of constant weights and several channels: a blur is left alone. */
function isConvolution(graph: Graph, { operator, inputs }: Node): boolean {
  const [, filter] = inputs;
  return operator === 'Conv' && filter !== undefined && filter.shape[0] > 1 && graph.dataOf(filter) !== undefined;
}

function convolution(graph: Graph, node: Node, readers: Readers): Chain {
  const nodes = [node];
  let bias: Float32Array | undefined;
  const add = onlyReader(node, readers);
  const addend = add?.operator === 'Add' ? add.inputs.find((edge) => edge && graph.dataOf(edge)) : undefined;
  if (add && addend) {
    bias = graph.dataOf(addend) as Float32Array;
    nodes.push(add);
  }
  return closed({ kind: 'convolution', nodes, operands: [node.inputs[0] as Edge], bias }, readers);
}

function sum(node: Node, produced: ReadonlySet<string>, readers: Readers): Chain | undefined {
  const operands = node.inputs as readonly Edge[];
  if (node.operator !== 'Add' || !operands.every(({ name }) => produced.has(name))) return undefined;
  return closed({ kind: 'sum', nodes: [node], operands }, readers);
}

/** What changes no value. */
const moves = new Set(['Transpose', 'Reshape']);

/** With the ReLU behind it, where there is one. */
function closed(chain: Omit<Chain, 'end' | 'measured'>, readers: Readers): Chain {
  const last = chain.nodes[chain.nodes.length - 1];
  const next = onlyReader(last, readers);
  const nodes = next?.operator === 'Relu' ? [...chain.nodes, next] : chain.nodes;
  const made = nodes[nodes.length - 1];
  let least = onlyReader(made, readers);
  while (least && moves.has(least.operator)) least = onlyReader(least, readers);
  const [end] = made.outputs;
  return { ...chain, nodes, end, measured: least?.operator === 'ReduceMin' ? least.outputs[0] : end };
}

function onlyReader({ outputs: [edge] }: Node, readers: Readers): Node | undefined {
  const found = readers.get(edge.name) ?? [];
  return found.length === 1 ? found[0] : undefined;
}
