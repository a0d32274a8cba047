import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // The bundle that ships: Node cannot import TensorFlow.js's gradients, and Vite takes seconds to transform them.
    alias: [
      { find: /^.*\/tensorflow\.js$/, replacement: fileURLToPath(new URL('dist/tensorflow.js', import.meta.url)) },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fixtures/temporary.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    server: { deps: { external: [/dist\/tensorflow\.js/] } },
  },
});
