// The bundle that compare.sh measures: node bench/compare/make-model.js FOLDER writes FOLDER/model.
import { makeBundle } from '../../dist/tools/benchmark/scene.js';

await makeBundle(process.argv[2]);
