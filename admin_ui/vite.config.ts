// How the web application is built: one page, a chunk for each route, and the API of the same origin proxied in development.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const server = 'http://localhost:8000'

export default defineConfig({
  plugins: [react()],
  // The server puts a word of its own here into each first page: styles made at run time carry it (api/web.py).
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 700,
  },
  server: {
    port: 5173,
    proxy: {
      '/ui': server,
      '/setup': server,
      '/services': server,
      '^/audit/(timeline|summary|proof|head|consistency|archives|export)': server,
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
