import { InvalidArgumentError, Option } from 'commander';
import { DEVICES, devicePattern, type UsedDevice } from '../../method/engine/onnx/device.js';

/** `--device`, for commands that judge. */
export function deviceOption(description = 'what the onnx engine runs on: auto, cpu, cuda, tensorrt, webgpu'): Option {
  return new Option('--device <name>', description).argParser((value) => {
    if (devicePattern.test(value)) return value;
    throw new InvalidArgumentError(`expected ${DEVICES}`);
  });
}

/** `auto` passed over a GPU: said on stderr, since what follows is slower than it could be. */
export function tellFallback({ passedOver }: UsedDevice): void {
  if (passedOver !== undefined) console.error(`kdad-edge: on the processor, the GPU cannot be used: ${passedOver}`);
}
