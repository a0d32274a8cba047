import { expect, it } from 'vitest';
import { studentQuantile } from '../../../src/learning/calibration/student-t.js';

// scipy.stats.t.ppf
it.each([
  [0.5, 3, 0],
  [0.975, 1, 12.7062047362],
  [0.999, 3, 10.2145318524],
  [0.999, 40, 3.3068777141],
  [0.95, 200, 1.6525081009],
])("Student's t: the quantile %d with %d degrees of freedom is %d", (probability, degrees, expected) => {
  expect(studentQuantile(probability, degrees)).toBeCloseTo(expected, 6);
});
