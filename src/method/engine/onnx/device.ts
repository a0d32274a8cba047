import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';

/** What may be asked for; an index counts the devices of a machine that has several: `cuda:1` is the second. */
export const devicePattern = /^(auto|cpu|(cuda|tensorrt|webgpu)(:\d{1,2})?)$/;

/** `devicePattern` in words. */
export const DEVICES =
  'auto, cpu, cuda, tensorrt or webgpu, the last three with an index where there are several (cuda:1)';

export interface Device {
  readonly kind: 'cpu' | 'cuda' | 'tensorrt' | 'webgpu';
  readonly index: number;
}

/** Where devices show themselves; tests have their own. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** The folder that onnxruntime-node's native libraries are in. */
  readonly libraries: string;
  /** Where the kernel keeps device files. */
  readonly dev: string;
}

export const thisMachine: Machine = {
  platform: process.platform,
  arch: process.arch,
  libraries: join(
    dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
    'bin/napi-v6',
    process.platform,
    process.arch,
  ),
  dev: '/dev',
};

/** The library that `kdad-edge setup cuda` fetches for a device; undefined for devices that come with the package. */
export function libraryOf({ kind }: Device, { libraries }: Machine = thisMachine): string | undefined {
  return kind === 'cuda' || kind === 'tensorrt' ? join(libraries, `libonnxruntime_providers_${kind}.so`) : undefined;
}

/** @param name as `devicePattern`, but for `auto` */
export function parseDevice(name: string): Device {
  const [kind, index = '0'] = name.split(':');
  return { kind: kind as Device['kind'], index: Number(index) };
}

/**
 * onnxruntime's execution providers for a device, in the order in which they may take nodes; the processor takes the
 * rest.
 * @param unfit names of nodes that WebGPU would take, and fail at
 */
export function providersOf(
  { kind, index }: Device,
  unfit: readonly string[] = [],
): InferenceSession.ExecutionProviderConfig[] {
  switch (kind) {
    case 'cuda':
      return [{ name: 'cuda', deviceId: index }];
    case 'tensorrt':
      return [
        { name: 'tensorrt', deviceId: index },
        { name: 'cuda', deviceId: index },
      ];
    case 'webgpu':
      return [unfit.length > 0 ? { name: 'webgpu', forceCpuNodeNames: unfit } : 'webgpu'];
    default:
      return [kind];
  }
}

/** What the files of a machine say against a device, and what to do about it; undefined where nothing does. */
export function obstacleTo(device: Device, machine: Machine = thisMachine): string | undefined {
  const { platform, arch, dev } = machine;
  const { kind, index } = device;
  if (kind === 'cpu') return undefined;
  if (platform === 'linux' && arch !== 'x64') {
    return `onnxruntime-node has nothing but the processor for ${platform}/${arch}; a Jetson's GPU is reached by the tensorflow engine`;
  }
  if (kind === 'webgpu' && index > 0) {
    return 'onnxruntime chooses the GPU for WebGPU itself: VK_DRIVER_FILES in the environment narrows its choice';
  }
  const library = libraryOf(device, machine);
  if (library === undefined) return undefined;
  if (platform !== 'linux') return `onnxruntime-node has ${kind} for linux/x64 alone, and this is ${platform}/${arch}`;
  if (!existsSync(library)) return `${library} is missing: run kdad-edge setup cuda`;
  // The last one is that of the Windows Subsystem for Linux.
  if (['nvidiactl', 'nvidia0', 'dxg'].some((name) => existsSync(join(dev, name)))) return undefined;
  return `no NVIDIA driver is loaded (there is no ${dev}/nvidiactl): install it, or give the container the GPU`;
}

/** What is used in the end. */
export interface UsedDevice {
  /** Not `auto`, but what it came to. */
  readonly device: string;
  /** Why `auto` did not take the GPU that this machine was set up for. */
  readonly passedOver?: string;
}

/**
 * Opens something on the device that was asked for. `auto` is `cuda` where its library was installed and it works, else
 * the processor. TensorRT is not tried: it takes minutes for each size of batch at first. Nor is WebGPU: drivers that
 * compute on the processor look the same, and are a hundred times slower than the processor itself.
 *
 * @param open does it, and throws where the device does not work: that is the end of it for a device asked for by name
 */
export async function openOn<T>(
  asked: string,
  open: (device: string) => Promise<T>,
  machine: Machine = thisMachine,
): Promise<{ readonly opened: T } & UsedDevice> {
  if (asked !== 'auto') return { opened: await open(asked), device: asked };
  let passedOver: string | undefined;
  if (existsSync(libraryOf(parseDevice('cuda'), machine) as string)) {
    try {
      return { opened: await open('cuda'), device: 'cuda' };
    } catch (error) {
      passedOver = (error as Error).message;
    }
  }
  return { opened: await open('cpu'), device: 'cpu', passedOver };
}
