import { Command } from 'commander';
import { interruptible } from './interruption.js';
import { wholeNumber } from './numbers.js';

const tensorflow = new Command('tensorflow')
  .description('set up the tensorflow engine with the TensorFlow of a Python installation')
  .option('--python <program>', 'the Python that has TensorFlow', 'python3')
  .addHelpText(
    'after',
    `
Installs @tensorflow/tfjs-node-gpu into its own folder (KDAD_EDGE_TENSORFLOW, or kdad-edge/tensorflow in your data
folder), compiles its addon against the wheel's library, and tries a training step. The wheel decides whether it
computes on a GPU. You can run it again: it then only checks what is there. docs/hardware.md has the commands for each
kind of box.`,
  )
  .action(async ({ python }: { python: string }) => {
    const { setUpTensorflow } = await import('../setup/tensorflow/set-up.js');
    const { signal } = interruptible();
    const onStep = (step: string) => console.error(step);
    const { version, device, difference, folder, log, kept } = await setUpTensorflow({ python, signal, onStep });
    const where =
      device === 'gpu' ? 'on the GPU' : `on the processor; where there is a GPU, ${log} says why it is not used`;
    console.log(
      [
        `${kept ? 'Is set up already' : 'Set up'} in ${folder}`,
        `  TensorFlow ${version}, ${where}`,
        `  a step of training is within ${difference.toExponential(1)} of onnxruntime's`,
        'Use it with --engine tensorflow, or engine: tensorflow in the configuration.',
      ].join('\n'),
    );
  });

const cuda = new Command('cuda')
  .description("fetch onnxruntime's libraries for CUDA and TensorRT (linux/x64)")
  .option('--cuda <version>', 'the major version of CUDA, instead of the one found', wholeNumber(1))
  .addHelpText(
    'after',
    "\nRuns onnxruntime-node's own installer, which downloads from NuGet. npm ci removes the libraries again.",
  )
  .action(async (options: { cuda?: number }) => {
    const { setUpCuda } = await import('../setup/cuda/set-up.js');
    const { signal } = interruptible();
    const done = await setUpCuda({ ...options, signal, onStep: (step) => console.error(step) });
    const next =
      done.open.length === 0
        ? ['Try it with kdad-edge doctor --device cuda.']
        : done.open.map((what) => `Still to do: ${what}`);
    console.log([`Put libraries for CUDA ${done.cuda} into ${done.folder}`, ...next].join('\n'));
  });

export const setup = new Command('setup')
  .description('set up what npm does not install')
  .addCommand(cuda)
  .addCommand(tensorflow);
