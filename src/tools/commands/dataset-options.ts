import type { Command } from 'commander';
import type { Dataset, DatasetSource } from '../../learning/dataset/dataset.js';

/** What the command line says of the images. */
export interface DatasetChoice {
  readonly data?: string;
  readonly good?: readonly string[];
  readonly defective?: readonly string[];
  readonly masks?: readonly string[];
}

/** Adds the options that name images. */
export function withDatasetOptions(command: Command, description: string): Command {
  return command
    .option('--data <folder>', `${description}; the layout is detected and printed`)
    .option('--good <folder...>', 'folders of good images, in --data or elsewhere, instead of detecting them')
    .option(
      '--defective <folder...>',
      'folders of defective images; each folder, and each folder in it, is one kind of defect',
    )
    .option('--masks <folder...>', 'folders of masks (ground truth), named like the images');
}

/**
 * Finds the images and says on standard error what came from where, and what was left out.
 * @throws KdadError USAGE, DATASET_INVALID
 */
export async function tellDataset(source: DatasetSource): Promise<Dataset> {
  const [{ findDataset }, { describeDataset }] = await Promise.all([
    import('../../learning/dataset/dataset.js'),
    import('../../learning/dataset/describe-dataset.js'),
  ]);
  const dataset = await findDataset(source);
  console.error(describeDataset(dataset).join('\n'));
  return dataset;
}
