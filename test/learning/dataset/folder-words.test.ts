import { describe, expect, it } from 'vitest';
import { isPlain, meaningOf } from '../../../src/learning/dataset/folder-words.js';

describe('the names of folders', () => {
  it.each([
    [
      'good',
      [
        'Good',
        'OK',
        'ok_parts',
        'normal_dir',
        'Good (2)',
        'no-defects',
        'NON_DEFECTIVE',
        'defect free',
        '良品',
        'i.O.',
      ],
    ],
    [
      'defective',
      ['bad', 'NG', 'KO', 'NOK', 'not ok', 'notGood', 'abnormal_dir', 'Defects 2024', 'broken_large', 'nio', '不良品'],
    ],
    ['unclear', ['Positive', 'neg']],
    [undefined, ['2024-05-01', 'monday', 'line 3', 'images', 'shift_a', 'No 5', 'camera']],
  ] as const)('%s', (label, names) => {
    for (const name of names) expect([name, meaningOf(name).label]).toEqual([name, label]);
  });

  it('say what is ground truth, and what is for training', () => {
    for (const name of ['masks', 'GroundTruth', 'ground truth', 'gt', 'mask_dir', 'Label']) {
      expect([name, meaningOf(name)]).toEqual([name, { mask: true }]);
    }
    expect(meaningOf('Training set')).toEqual({ split: 'train' });
    expect(meaningOf('test_bad')).toEqual({ split: 'test', label: 'defective' });
  });

  it('may say nothing at all', () => {
    expect(['images', 'Data', 'rgb_imgs'].map(isPlain)).toEqual([true, true, true]);
    expect(['2024', 'monday'].map(isPlain)).toEqual([false, false]);
  });
});
