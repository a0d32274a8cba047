import type { Device } from './device.js';

/** How often each operator ran on each execution provider, `Conv` on `CUDAExecutionProvider`, say. */
export type Placement = ReadonlyMap<string, ReadonlyMap<string, number>>;

const providers: Record<Device['kind'], string> = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  tensorrt: 'TensorrtExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
};

/** Where nearly all of the work is: on the processor, these would make a device pointless. */
const heavy = /^(Fused|Nhwc|QLinear)?(Conv|ConvTranspose|MatMul|Gemm)(Integer)?$/;

/** One event of a profile, as far as it matters here. */
interface Event {
  readonly cat: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/** @param profile what onnxruntime's profiler wrote, JSON: one event for each node that ran */
export function readPlacement(profile: string): Placement {
  const placement = new Map<string, Map<string, number>>();
  for (const { cat, args } of JSON.parse(profile) as Event[]) {
    if (cat !== 'Node' || args?.provider === undefined || args.op_name === undefined) continue;
    const operators = placement.get(args.provider) ?? new Map<string, number>();
    placement.set(args.provider, operators.set(args.op_name, (operators.get(args.op_name) ?? 0) + 1));
  }
  return placement;
}

/**
 * What shows that a device was not used as it was asked to be; undefined where it was. Some light nodes on the
 * processor are common: shapes are computed there, and a program without convolutions and matrix products may run there
 * as a whole.
 */
export function misplacement(placement: Placement, { kind }: Device): string | undefined {
  const heavyOn = (provider: string) =>
    [...(placement.get(provider) ?? [])].filter(([operator]) => heavy.test(operator));
  const onProcessor = kind === 'cpu' ? [] : heavyOn(providers.cpu);
  if (onProcessor.length > 0) {
    return `the processor ran ${onProcessor.map(([operator, times]) => `${times} ${operator}`).join(' and ')}`;
  }
  const unused =
    !placement.has(providers[kind]) && [...placement.keys()].some((provider) => heavyOn(provider).length > 0);
  return unused ? 'onnxruntime ran nothing on it' : undefined;
}
