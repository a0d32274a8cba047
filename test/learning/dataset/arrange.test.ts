import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrange, UnclearLayout } from '../../../src/learning/dataset/arrange.js';

/**
 * What an arrangement makes of paths, in short: the good ones, the tests as `kind path [masks]`, and what was left out.
 */
async function arranged(paths: readonly string[], marked: readonly string[] = []) {
  const { layout, good, tests, leftOut, unfitMasks } = await arrange(paths, async (mask) => marked.includes(mask));
  return {
    layout,
    good,
    tests: tests.map(({ kind, path, masks = [] }) => [kind, path, ...masks].join(' ')),
    ...(leftOut.length > 0 && { leftOut: leftOut.map(({ path }) => path) }),
    ...(unfitMasks.length > 0 && { unfitMasks }),
  };
}

describe('layouts that people have', () => {
  it.each([
    [
      'MVTec AD',
      ['train/good/0.png', 'test/good/0.png', 'test/broken_large/0.png', 'ground_truth/broken_large/0_mask.png'],
      ['train/good/0.png'],
      ['good test/good/0.png', 'broken_large test/broken_large/0.png ground_truth/broken_large/0_mask.png'],
    ],
    [
      'BTAD',
      ['train/ok/0.bmp', 'test/ok/0.bmp', 'test/ko/0.bmp', 'ground_truth/ko/0.png'],
      ['train/ok/0.bmp'],
      ['good test/ok/0.bmp', 'ko test/ko/0.bmp ground_truth/ko/0.png'],
    ],
    [
      'MVTec LOCO: several masks an image',
      [
        'train/good/0.png',
        'test/good/0.png',
        'test/logical_anomalies/0.png',
        'ground_truth/logical_anomalies/0/000.png',
        'ground_truth/logical_anomalies/0/001.png',
      ],
      ['train/good/0.png'],
      [
        'good test/good/0.png',
        'logical_anomalies test/logical_anomalies/0.png ground_truth/logical_anomalies/0/000.png ground_truth/logical_anomalies/0/001.png',
      ],
    ],
    [
      'MVTec LOCO: masks numbered as images are',
      [
        'train/good/000.png',
        'test/good/000.png',
        'test/logical_anomalies/000.png',
        'test/logical_anomalies/001.png',
        'test/structural_anomalies/000.png',
        'ground_truth/logical_anomalies/000/000.png',
        'ground_truth/logical_anomalies/001/000.png',
        'ground_truth/structural_anomalies/000/000.png',
      ],
      ['train/good/000.png'],
      [
        'good test/good/000.png',
        'logical_anomalies test/logical_anomalies/000.png ground_truth/logical_anomalies/000/000.png',
        'logical_anomalies test/logical_anomalies/001.png ground_truth/logical_anomalies/001/000.png',
        'structural_anomalies test/structural_anomalies/000.png ground_truth/structural_anomalies/000/000.png',
      ],
    ],
    [
      'VisA, as it is published',
      ['Data/Images/Normal/0000.JPG', 'Data/Images/Anomaly/000.JPG', 'Data/Masks/Anomaly/000.png'],
      ['Data/Images/Normal/0000.JPG'],
      ['good Data/Images/Normal/0000.JPG', 'Anomaly Data/Images/Anomaly/000.JPG Data/Masks/Anomaly/000.png'],
    ],
    [
      'VisA, converted',
      ['train/good/0.JPG', 'test/good/1.JPG', 'test/bad/0.JPG', 'ground_truth/bad/0.png'],
      ['train/good/0.JPG'],
      ['good test/good/1.JPG', 'bad test/bad/0.JPG ground_truth/bad/0.png'],
    ],
    [
      'MPDD',
      ['train/good/0.png', 'test/good/0.png', 'test/parts_mismatch/0.png', 'ground_truth/parts_mismatch/0_mask.png'],
      ['train/good/0.png'],
      ['good test/good/0.png', 'parts_mismatch test/parts_mismatch/0.png ground_truth/parts_mismatch/0_mask.png'],
    ],
    ['folders of good and bad', ['good/0.png', 'bad/0.png'], ['good/0.png'], ['good good/0.png', 'bad bad/0.png']],
    ['OK and NG', ['OK/0.png', 'NG/0.png'], ['OK/0.png'], ['good OK/0.png', 'NG NG/0.png']],
    [
      'i.O. and n.i.O., with images in folders of their own',
      ['i.O/images/0.png', 'n.i.O/images/0.png'],
      ['i.O/images/0.png'],
      ['good i.O/images/0.png', 'n.i.O n.i.O/images/0.png'],
    ],
    [
      "anomalib's folders",
      ['normal_dir/0.png', 'abnormal_dir/1.png', 'mask_dir/1.png', 'normal_test_dir/2.png'],
      ['normal_dir/0.png'],
      ['good normal_test_dir/2.png', 'abnormal_dir abnormal_dir/1.png mask_dir/1.png'],
    ],
    [
      'capital letters and another word for good',
      ['Train/Normal/0.png', 'Test/Normal/0.png', 'Test/Scratch/0.png', 'Ground Truth/Scratch/0.png'],
      ['Train/Normal/0.png'],
      ['good Test/Normal/0.png', 'Scratch Test/Scratch/0.png Ground Truth/Scratch/0.png'],
    ],
    [
      'pictures straight in train',
      ['train/0.png', 'train/2024-05-01/1.png', 'test/good/0.png', 'test/dent/0.png'],
      ['train/0.png', 'train/2024-05-01/1.png'],
      ['good test/good/0.png', 'dent test/dent/0.png'],
    ],
    [
      'train and valid, as Roboflow exports',
      ['train/good/0.jpg', 'valid/good/0.jpg', 'valid/defect/0.jpg'],
      ['train/good/0.jpg'],
      ['good valid/good/0.jpg', 'defect valid/defect/0.jpg'],
    ],
    [
      "names with Windows' slashes",
      ['train\\good\\0.png', 'test\\bad\\0.png', 'ground_truth\\bad\\0_mask.png'],
      ['train\\good\\0.png'],
      ['bad test\\bad\\0.png ground_truth\\bad\\0_mask.png'],
    ],
    [
      'all of it one folder deeper',
      ['bottle/train/good/0.png', 'bottle/test/bad/0.png'],
      ['bottle/train/good/0.png'],
      ['bad bottle/test/bad/0.png'],
    ],
    [
      'double negatives',
      ['no_defect/0.png', 'not_ok/0.png', 'defect-free/1.png', 'NotGood/1.png'],
      ['no_defect/0.png', 'defect-free/1.png'],
      ['good no_defect/0.png', 'good defect-free/1.png', 'not_ok not_ok/0.png', 'NotGood NotGood/1.png'],
    ],
    [
      'good images alone, by day',
      ['2024-05-01/0.png', 'monday/0.png', '1.png'],
      ['2024-05-01/0.png', 'monday/0.png', '1.png'],
      [],
    ],
  ])('%s', async (_, paths, good, tests) => {
    expect(await arranged(paths)).toMatchObject({ good, tests });
  });

  it('KolektorSDD: masks beside the pictures, empty ones beside good parts', async () => {
    const paths = ['kos01/Part0.jpg', 'kos01/Part0_label.bmp', 'kos01/Part5.jpg', 'kos01/Part5_label.bmp'];
    expect(await arranged(paths, ['kos01/Part5_label.bmp'])).toEqual({
      layout: 'masked',
      good: ['kos01/Part0.jpg'],
      tests: ['good kos01/Part0.jpg', 'defective kos01/Part5.jpg kos01/Part5_label.bmp'],
    });
  });

  it('KolektorSDD2: the same in train and test; defects in train are not learned', async () => {
    const paths = [
      'train/10.png',
      'train/10_GT.png',
      'train/11.png',
      'train/11_GT.png',
      'test/20.png',
      'test/20_GT.png',
    ];
    expect(await arranged(paths, ['train/11_GT.png', 'test/20_GT.png'])).toEqual({
      layout: 'split',
      good: ['train/10.png'],
      tests: ['defective test/20.png test/20_GT.png'],
      leftOut: ['train/11.png'],
    });
  });
});

describe('what is not learned', () => {
  it.each([
    ['defects in train', ['train/good/0.png', 'train/bad/0.png', 'test/bad/0.png'], ['train/bad/0.png']],
    ['classes of train beside good', ['train/good/0.png', 'train/misplaced/0.png'], ['train/misplaced/0.png']],
    [
      'what is beside train and test',
      ['train/good/0.png', 'test/bad/0.png', 'extra/0.png', '1.png'],
      ['extra/0.png', '1.png'],
    ],
    [
      'validation, where there are tests',
      ['train/good/0.png', 'test/bad/0.png', 'validation/good/0.png'],
      ['validation/good/0.png'],
    ],
    ['a folder that takes no side, beside good', ['good/0.png', 'misplaced/0.png'], ['misplaced/0.png']],
  ])('%s', async (_, paths, leftOut) => {
    expect(await arranged(paths)).toMatchObject({ good: [paths[0]], leftOut });
  });

  it.each([
    ['defects beside pictures', ['0.png', 'defects/1.png'], /beside defects it holds 0\.png, which may be good or not/],
    [
      'masks of some pictures',
      ['0.png', '1.png', 'masks/1.png'],
      /masks of some images, and images without a mask: 0\.png/,
    ],
    ['masks that fit nothing', ['parts/0.png', 'masks/7.png'], /masks that fit no image \(masks\/7\.png\)/],
    [
      'defects beside unknown classes of train',
      ['train/a/0.png', 'train/scratch/0.png'],
      /beside train\/scratch it holds train\/a/,
    ],
    [
      'several products',
      ['bottle/train/good/0.png', 'cable/train/good/0.png'],
      /2 datasets.*: bottle, cable; expected one/,
    ],
    ['products of good and bad', ['bottle/good/0.png', 'cable/bad/0.png'], /2 datasets/],
    ['names that contradict each other', ['good/defects/0.png'], /good\/defects: these names mean both/],
    ['positive and negative', ['positive/0.png', 'negative/0.png'], /do not say which are good/],
    ['classes by number', ['0/0.png', '1/0.png'], /the folders 0 and 1 do not say/],
    ['tests of no kind', ['train/good/0.png', 'test/0.png'], /test\/0\.png: expected in a folder that names its kind/],
    [
      'masks of some defects',
      ['test/hole/1.png', 'test/hole/2.png', 'test/hole/3.png', 'ground_truth/hole/2_mask.png'],
      /masks are missing of test\/hole\/1\.png, test\/hole\/3\.png/,
    ],
  ])('%s is refused', async (_, paths, message) => {
    await expect(arranged(paths)).rejects.toThrow(UnclearLayout);
    await expect(arranged(paths)).rejects.toThrow(message);
  });

  it('names six of many, and counts the rest', async () => {
    const paths = Array.from({ length: 9 }, (_, i) => `${i}.png`);
    await expect(arranged(['bad/0.png', ...paths])).rejects.toThrow('4.png, 5.png and 3 more');
  });
});

describe('masks', () => {
  it('go to the picture of the same kind, and those of none are named', async () => {
    const paths = [
      'test/a/0.png',
      'test/b/0.png',
      'ground_truth/b/0.png',
      'ground_truth/a/0.png',
      'ground_truth/a/9.png',
    ];
    expect(await arranged(paths)).toMatchObject({
      tests: ['a test/a/0.png ground_truth/a/0.png', 'b test/b/0.png ground_truth/b/0.png'],
      unfitMasks: ['ground_truth/a/9.png'],
    });
  });

  it('of good pictures are no reproach', async () => {
    const paths = ['test/good/0.png', 'test/a/0.png', 'ground_truth/good/0.png', 'ground_truth/a/0.png'];
    const { unfitMasks, tests } = await arranged(paths);
    expect([unfitMasks, tests[1]]).toEqual([undefined, 'a test/a/0.png ground_truth/a/0.png']);
  });
});

it('takes each picture once: as good, as a test, as a mask or left out, or it refuses', async () => {
  const folder = fc.constantFrom('train', 'test', 'good', 'bad', 'masks', 'images', 'day1', 'scratch', 'OK');
  const path = fc
    .tuple(fc.array(folder, { maxLength: 3 }), fc.constantFrom('1', '2', '1_mask'))
    .map(([folders, name]) => [...folders, `${name}.png`].join('/'));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { maxLength: 8 }), async (paths) => {
      const result = await arrange(paths, async () => true).catch((error) => {
        expect(error).toBeInstanceOf(UnclearLayout);
        return undefined;
      });
      if (!result) return;
      const bad = /(^|\/)(bad|scratch|masks)\//;
      expect(result.good.filter((one) => bad.test(one))).toEqual([]);
      const { tests, leftOut, unfitMasks } = result;
      const all = [...new Set([...result.good, ...tests.map((one) => one.path)]), ...leftOut.map((one) => one.path)];
      expect(new Set(all).size).toBe(all.length);
      const masks = new Set([...tests.flatMap((one) => one.masks ?? []), ...unfitMasks]);
      expect(all.filter((one) => masks.has(one))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
