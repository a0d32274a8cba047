import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** The element types that a graph may hold, with their numbers in ONNX's `TensorProto.DataType`. */
const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof elementTypes;

export type Attribute = number | string | readonly number[] | { readonly float: number };

/** A tensor in the graph: its name, its physical shape (as ONNX sees it) and its element type. */
export interface Edge {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
}

interface Node {
  operator: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
}

type Data = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** Operator sets: ONNX 18 and IR 9 are what onnxruntime 1.30 and its providers all take. */
const OPSET = 18;
const IR_VERSION = 9;

/**
 * An ONNX graph under construction, and its encoding as a `ModelProto` (https://github.com/onnx/onnx, onnx.proto).
 * It knows the file format and nothing of what the operators mean.
 */
export class Graph {
  readonly #nodes: Node[] = [];
  readonly #constants = new Map<string, { edge: Edge; data: Data }>();
  readonly #sharedConstants = new Map<string, Edge>();
  readonly #inputs: Edge[] = [];
  readonly #outputs: Edge[] = [];
  /** Edges that are outputs: the node behind each writes under the output's name, so that nothing is copied. */
  readonly #renamed = new Map<string, string>();
  #names = 0;

  get nodeCount(): number {
    return this.#nodes.length;
  }

  /** What `output` named so far. */
  get outputs(): readonly Edge[] {
    return this.#outputs;
  }

  input(name: string, type: ElementType, shape: readonly number[]): Edge {
    const edge = { name, type, shape };
    this.#inputs.push(edge);
    return edge;
  }

  constant(data: Data, shape: readonly number[], type: ElementType): Edge {
    const edge = { name: this.#name('constant'), shape, type };
    this.#constants.set(edge.name, { edge, data });
    return edge;
  }

  /** A small one-dimensional int64 constant (a shape, a list of axes), stored once however often it is asked for. */
  integers(values: readonly number[]): Edge {
    const key = values.join();
    let edge = this.#sharedConstants.get(key);
    if (!edge) {
      edge = this.constant(BigInt64Array.from(values, BigInt), [values.length], 'int64');
      this.#sharedConstants.set(key, edge);
    }
    return edge;
  }

  /** The same constant with another shape of the same size; undefined when `edge` is not a constant. */
  reshapedConstant(edge: Edge, shape: readonly number[]): Edge | undefined {
    const constant = this.#constants.get(edge.name);
    return constant && this.constant(constant.data, shape, edge.type);
  }

  /** Appends a node. `undefined` inputs are optional ones left out; `domain` '' is ONNX's own. */
  node(
    operator: string,
    inputs: readonly (Edge | undefined)[],
    outputs: readonly { shape: readonly number[]; type: ElementType }[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): Edge[] {
    const edges = outputs.map((output) => ({ ...output, name: this.#name(operator) }));
    this.#nodes.push({
      operator,
      domain,
      inputs: inputs.map((edge) => edge?.name ?? ''),
      outputs: edges.map((edge) => edge.name),
      attributes,
    });
    return edges;
  }

  /** Makes `edge` an output called `name`. */
  output(name: string, edge: Edge): void {
    const computed = this.#nodes.some((node) => node.outputs.includes(edge.name));
    if (computed && !this.#renamed.has(edge.name)) this.#renamed.set(edge.name, name);
    else this.#nodes.push({ operator: 'Identity', domain: '', inputs: [edge.name], outputs: [name], attributes: {} });
    this.#outputs.push({ ...edge, name });
  }

  /**
   * The model's bytes. With `symbolicBatch`, the first dimension of every input and output is the free dimension
   * "batch" instead of the number it was traced with. Constants that no node reads are left out.
   */
  encode(options: { symbolicBatch?: boolean } = {}): Uint8Array {
    const model = new BinaryWriter();
    int64(model, 1, IR_VERSION);
    model.tag(2, WireType.LengthDelimited).string('kdad-edge');
    message(model, 7, (graph) => this.#encodeGraph(graph, options.symbolicBatch ?? false));
    for (const [domain, version] of [['', OPSET] as const, ['com.microsoft', 1] as const]) {
      message(model, 8, (operatorSet) => {
        operatorSet.tag(1, WireType.LengthDelimited).string(domain);
        int64(operatorSet, 2, version);
      });
    }
    return model.finish();
  }

  #encodeGraph(graph: BinaryWriter, symbolicBatch: boolean): void {
    const rename = (name: string) => this.#renamed.get(name) ?? name;
    for (const { inputs, outputs, ...node } of this.#nodes) {
      const renamed = { ...node, inputs: inputs.map(rename), outputs: outputs.map(rename) };
      message(graph, 1, (writer) => encodeNode(writer, renamed));
    }
    graph.tag(2, WireType.LengthDelimited).string('kdad-edge');
    const used = new Set(this.#nodes.flatMap((node) => node.inputs));
    for (const { edge, data } of this.#constants.values()) {
      if (used.has(edge.name)) message(graph, 5, (writer) => encodeTensor(writer, edge, data));
    }
    for (const edge of this.#inputs) message(graph, 11, (writer) => encodeValueInfo(writer, edge, symbolicBatch));
    for (const edge of this.#outputs) message(graph, 12, (writer) => encodeValueInfo(writer, edge, symbolicBatch));
  }

  #name(prefix: string): string {
    return `${prefix}_${this.#names++}`;
  }
}

function message(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

function int64(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function encodeNode(writer: BinaryWriter, node: Node): void {
  for (const name of node.inputs) writer.tag(1, WireType.LengthDelimited).string(name);
  for (const name of node.outputs) writer.tag(2, WireType.LengthDelimited).string(name);
  writer.tag(3, WireType.LengthDelimited).string(node.outputs[0]);
  writer.tag(4, WireType.LengthDelimited).string(node.operator);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, (attribute) => encodeAttribute(attribute, name, value));
  }
  if (node.domain) writer.tag(7, WireType.LengthDelimited).string(node.domain);
}

/** Fields and type numbers of `AttributeProto`. */
function encodeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  writer.tag(1, WireType.LengthDelimited).string(name);
  let type: number;
  if (typeof value === 'number') {
    int64(writer, 3, value);
    type = 2;
  } else if (typeof value === 'string') {
    writer.tag(4, WireType.LengthDelimited).string(value);
    type = 3;
  } else if ('float' in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    type = 1;
  } else {
    for (const item of value) int64(writer, 8, item);
    type = 7;
  }
  int64(writer, 20, type);
}

function encodeTensor(writer: BinaryWriter, edge: Edge, data: Data): void {
  for (const dimension of edge.shape) int64(writer, 1, dimension);
  int64(writer, 2, elementTypes[edge.type]);
  writer.tag(8, WireType.LengthDelimited).string(edge.name);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  writer.tag(9, WireType.LengthDelimited).bytes(bytes);
}

function encodeValueInfo(writer: BinaryWriter, edge: Edge, symbolicBatch: boolean): void {
  writer.tag(1, WireType.LengthDelimited).string(edge.name);
  message(writer, 2, (type) =>
    message(type, 1, (tensorType) => {
      int64(tensorType, 1, elementTypes[edge.type]);
      message(tensorType, 2, (shape) => {
        edge.shape.forEach((dimension, axis) => {
          message(shape, 1, (writerOfDimension) => {
            if (symbolicBatch && axis === 0) writerOfDimension.tag(2, WireType.LengthDelimited).string('batch');
            else int64(writerOfDimension, 1, dimension);
          });
        });
      });
    }),
  );
}
