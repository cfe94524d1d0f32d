import { defineConfig } from "vitest/config"

/** Everything that runs in process, on loopback sockets and temporary folders. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
