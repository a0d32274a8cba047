import { expect, it } from 'vitest';
import { DamageWarnings } from '../../../src/line/camera/damage-warnings.js';

it('a camera with damaged frames is warned of at once, then once a minute with what came together', () => {
  const said: string[] = [];
  const warnings = new DamageWarnings((message) => said.push(message));
  for (let second = 0; second < 120; second++) {
    warnings.damage(second % 2 ? 'decoder' : 'packets', `report ${second}`, 1000 * second);
    warnings.frame();
  }
  expect(said).toEqual([
    'damaged frames are not judged, until the next key frame. packets missing: 1. Last: report 0',
    'damaged frames are not judged, until the next key frame. packets missing: 30, reports of the decoder: 30; ' +
      '60 frames left out since the last warning. Last: report 60',
  ]);
});
