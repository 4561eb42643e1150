/** Builds the browser client of live reload: one classic script without dependencies. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './paths.ts'

/**
 * Writes `live.js` into a folder. A file that was there is replaced in one step: tests that run at the same time build
 * it too.
 */
export async function buildClient(folder: string): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/live/client/main.ts'],
    write: false,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    // Every browser that knows `import()` of a style sheet takes a second argument; the others of the last years do too.
    supported: { 'import-attributes': true },
    charset: 'utf8',
    // Every page loads it.
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    tsconfigRaw: {},
  })
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'live.js')
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, outputFiles[0]?.contents ?? '')
  renameSync(draft, file)
}
