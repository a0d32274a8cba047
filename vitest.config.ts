import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // The bundle that ships: Node cannot import TensorFlow.js's gradients, and Vite takes seconds to transform them.
    alias: [
      {
        find: /^.*\/tensorflow\.js$/,
        replacement: fileURLToPath(new URL('dist/method/tensorflow.js', import.meta.url)),
      },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fixtures/temporary.ts'],
    // Most test files wait for processes that they started.
    maxWorkers: 4,
    // A worker loads the modules once, not once a file: no test file may leave anything behind.
    isolate: false,
    // So long that only what hangs is ended, and never what waits for a busy machine.
    testTimeout: 300_000,
    hookTimeout: 600_000,
    server: { deps: { external: [/dist\/tensorflow\.js/] } },
  },
});
