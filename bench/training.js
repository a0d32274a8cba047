// Milliseconds an image of a training step (the teacher's features kept, as in training): node bench/training.js [BATCH...]
// With the stem shared, as by default, and with a whole student. The same method in PyTorch can be run before and after it; only the ratio
// of one run means anything.
import { OnnxEngine } from '../dist/engine/onnx/onnx-engine.js';
import { adam } from '../dist/model/optimiser.js';
import { foldBatchNorm, initialiseStudent } from '../dist/model/parameters.js';
import { studentOnStem, wholeStudent } from '../dist/training/student-input.js';
import { TeacherFeatures } from '../dist/training/teacher-features.js';
import { Trainer } from '../dist/training/trainer.js';

const size = [256, 256];
const normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const engine = new OnnxEngine();
const batches = process.argv.slice(2).map(Number);
for (const batch of batches.length > 0 ? batches : [4, 16]) {
  const noise = () => Uint8Array.from({ length: 256 * 256 * 3 }, () => Math.random() * 256);
  const frames = Array.from({ length: batch }, noise);
  const options = { size, normalisation, limit: 1e9, stem: true };
  const teacher = new TeacherFeatures(engine, foldBatchNorm(initialiseStudent(1)), options);
  const features = await teacher.of(frames);
  for (const sharedStem of [true, false]) {
    const input = sharedStem ? studentOnStem : wholeStudent(normalisation);
    const trainer = new Trainer(engine, initialiseStudent(0, { sharedStem }), { size, input, optimiser: adam() });
    await trainer.step(frames, features, 4e-4);
    const times = [];
    for (let i = 0; i < 5; i++) {
      const begin = performance.now();
      await trainer.step(frames, features, 4e-4);
      times.push((performance.now() - begin) / batch);
    }
    times.sort((a, b) => a - b);
    console.log(JSON.stringify({ batch, sharedStem, msPerImage: Number(times[2].toFixed(1)) }));
    await trainer.dispose();
  }
  await teacher.dispose();
}
