import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { globalSetup: './emulator-container.ts', testTimeout: 30_000 },
});
