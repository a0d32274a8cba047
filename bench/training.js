// Milliseconds an image of a training step (the teacher's features kept, as in training): node bench/training.js
// [BATCH...] With the stem shared, as by default, and with a whole student. The same method in PyTorch can be run
// before and after it; only the ratio of one run means anything.
import { stepTime } from '../dist/tools/benchmark/training-step.js';

const batches = process.argv.slice(2).map(Number);
for (const batch of batches.length > 0 ? batches : [4, 16]) {
  for (const sharedStem of [true, false]) {
    const msPerImage = await stepTime({ batch, size: [256, 256], steps: 5, sharedStem });
    console.log(JSON.stringify({ batch, sharedStem, msPerImage }));
  }
}
