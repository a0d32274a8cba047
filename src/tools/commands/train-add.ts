import { KdadError } from '../../common/errors.js';
import type { DatasetSource } from '../../learning/dataset/dataset.js';
import type { EngineName } from '../../method/engine/engines.js';
import { tellDataset } from './dataset-options.js';
import { interruptible } from './interruption.js';

export interface AddChoice {
  readonly from: string;
  readonly add?: string;
  readonly out: string;
  readonly engine: EngineName;
  readonly threads?: number;
}

/** `train --from BUNDLE --add FOLDER`: good images that were called bad, into the memory of a bundle. */
export async function addToBundle({ from, add, out, engine, threads }: AddChoice): Promise<void> {
  if (add === undefined) throw new KdadError('USAGE', '--from: expected --add and a folder of good images beside it');
  const [{ openBundle }, { addImages }, { openEngine }] = await Promise.all([
    import('../../method/bundle/read.js'),
    import('../../learning/training/add-images.js'),
    import('../../method/engine/engines.js'),
  ]);
  const bundle = await openBundle(from, 'fp32');
  const source: DatasetSource = { data: add };
  const { root, good } = await tellDataset(source);
  const { signal } = interruptible();
  const { prototypes, above, threshold } = await addImages(bundle, {
    ...{ root, images: good, out, signal },
    engine: await openEngine(engine, { threads }),
  });
  console.log(
    [
      `Wrote ${out}: ${from}, and ${good.length} images more in its memory (${prototypes.join(', ')} prototypes)`,
      `  threshold  ${threshold.toPrecision(4)}, as before`,
      ...(above.length === 0 ? [] : [`  still above it: ${above.join(', ')}; train anew with them`]),
    ].join('\n'),
  );
}
