import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** The element types that a graph may hold, with their numbers in ONNX's `TensorProto.DataType`. */
const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type ElementType = keyof typeof elementTypes;

export type Attribute = number | string | readonly number[] | { readonly float: number };

/** A tensor in the graph: its name, its physical shape (as ONNX sees it) and its element type. */
export interface Edge {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/**
 * An operator in the graph, in the order of execution. `undefined` inputs are optional ones left out; `domain` '' is
 * ONNX's own.
 */
export interface Node {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly (Edge | undefined)[];
  readonly outputs: readonly Edge[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A float16's are its bits. */
export type Data = Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array | Uint16Array;

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
  readonly #outputs = new Map<string, Edge>();
  #names = 0;

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  get inputs(): readonly Edge[] {
    return this.#inputs;
  }

  /** By the names that `output` gave them. */
  get outputs(): ReadonlyMap<string, Edge> {
    return this.#outputs;
  }

  /** A constant's numbers; undefined for what is computed or put in. */
  dataOf(edge: Edge): Data | undefined {
    return this.#constants.get(edge.name)?.data;
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

  /** Appends a node and returns its outputs. */
  node(
    operator: string,
    inputs: readonly (Edge | undefined)[],
    outputs: readonly { shape: readonly number[]; type: ElementType }[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): Edge[] {
    const edges = outputs.map((output) => ({ ...output, name: this.#name(operator) }));
    this.#nodes.push({ operator, domain, inputs, outputs: edges, attributes });
    return edges;
  }

  /** Makes `edge` an output called `name`. */
  output(name: string, edge: Edge): void {
    this.#outputs.set(name, edge);
  }

  /**
   * The model's bytes. With `symbolicBatch`, the first dimension of every input and output is the free dimension
   * "batch" instead of the number it was traced with. `outputs` come out instead of those that `output` named.
   * Constants that no node reads are left out.
   */
  encode(options: { symbolicBatch?: boolean; outputs?: ReadonlyMap<string, Edge> } = {}): Uint8Array {
    const model = new BinaryWriter();
    int64(model, 1, IR_VERSION);
    model.tag(2, WireType.LengthDelimited).string('kdad-edge');
    const { symbolicBatch = false, outputs = this.#outputs } = options;
    message(model, 7, (graph) => this.#encodeGraph(graph, outputs, symbolicBatch));
    for (const [domain, version] of [['', OPSET] as const, ['com.microsoft', 1] as const]) {
      message(model, 8, (operatorSet) => {
        operatorSet.tag(1, WireType.LengthDelimited).string(domain);
        int64(operatorSet, 2, version);
      });
    }
    return model.finish();
  }

  #encodeGraph(graph: BinaryWriter, outputs: ReadonlyMap<string, Edge>, symbolicBatch: boolean): void {
    const { renamed, copied } = this.#named(outputs);
    const nameOf = (edge: Edge | undefined) => (edge ? (renamed.get(edge.name) ?? edge.name) : '');
    const read = [...this.#nodes.flatMap((node) => node.inputs), ...copied.map(([, edge]) => edge)];
    const used = new Set([...read.map((edge) => edge?.name), ...renamed.keys()]);
    for (const node of this.#nodes) {
      // WebGPU's pools give no indices: a last output that nobody reads is not asked for. TopK has to have both.
      const wanted = node.outputs.findLastIndex(({ name }) => used.has(name));
      const outputs = node.operator === 'TopK' ? node.outputs : node.outputs.slice(0, Math.max(1, wanted + 1));
      message(graph, 1, (writer) => encodeNode(writer, { ...node, outputs }, nameOf));
    }
    for (const [name, edge] of copied) {
      const copy = { operator: 'Identity', domain: '', inputs: [edge], outputs: [{ ...edge, name }], attributes: {} };
      message(graph, 1, (writer) => encodeNode(writer, copy, nameOf));
    }
    graph.tag(2, WireType.LengthDelimited).string('kdad-edge');
    for (const { edge, data } of this.#constants.values()) {
      if (used.has(edge.name)) message(graph, 5, (writer) => encodeTensor(writer, edge, data));
    }
    for (const edge of this.#inputs) message(graph, 11, (writer) => encodeValueInfo(writer, edge, symbolicBatch));
    for (const [name, edge] of outputs) {
      message(graph, 12, (writer) => encodeValueInfo(writer, { ...edge, name }, symbolicBatch));
    }
  }

  /**
   * The node behind an output writes under the output's name, so that nothing is copied; only an input, a constant, or
   * an edge that has two names needs a copy.
   */
  #named(outputs: ReadonlyMap<string, Edge>): { renamed: Map<string, string>; copied: [string, Edge][] } {
    const computed = new Set(this.#nodes.flatMap((node) => node.outputs.map((edge) => edge.name)));
    const renamed = new Map<string, string>();
    const copied: [string, Edge][] = [];
    for (const [name, edge] of outputs) {
      if (computed.has(edge.name) && !renamed.has(edge.name)) renamed.set(edge.name, name);
      else copied.push([name, edge]);
    }
    return { renamed, copied };
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

function encodeNode(writer: BinaryWriter, node: Node, nameOf: (edge: Edge | undefined) => string): void {
  for (const edge of node.inputs) writer.tag(1, WireType.LengthDelimited).string(nameOf(edge));
  for (const edge of node.outputs) writer.tag(2, WireType.LengthDelimited).string(nameOf(edge));
  writer.tag(3, WireType.LengthDelimited).string(nameOf(node.outputs[0]));
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
