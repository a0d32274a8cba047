import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // TensorFlow.js's ES modules import each other without extensions, which Vite resolves and Node does not.
    server: { deps: { inline: [/@tensorflow/] } },
  },
});
