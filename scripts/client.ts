/**
 * Builds the scripts that run elsewhere: the client of live reload and the dashboard in browsers, and the check of passwords in
 * a worker thread.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, type BuildOptions, type Metafile } from 'esbuild'
import { root } from './paths.ts'

/** One classic script without dependencies. */
const client: BuildOptions = {
  entryPoints: ['src/live/client/main.ts'],
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  // Every browser that knows `import()` of a style sheet takes a second argument; the others of the last years do too.
  supported: { 'import-attributes': true },
  charset: 'utf8',
  // Every page loads it.
  minify: true,
}

/** Loaded by who opens the dashboard. */
const dashboard: BuildOptions = {
  ...client,
  entryPoints: ['src/dashboard/page/main.ts'],
  format: 'esm',
  target: 'es2023',
}

const worker: BuildOptions = {
  entryPoints: ['src/middleware/auth/match-hash.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  charset: 'ascii',
}

/** Writes the scripts into a `dist` folder, and tells what went into them. */
export async function buildScripts(dist: string): Promise<readonly Metafile[]> {
  return [
    await buildScript(client, join(dist, 'client/live.js')),
    await buildScript(dashboard, join(dist, 'dashboard/page.js')),
    await buildScript(worker, join(dist, 'worker/match-hash.js')),
  ]
}

/** A file that was there is replaced in one step: tests that run at the same time build it too. */
async function buildScript(options: BuildOptions, file: string): Promise<Metafile> {
  const { outputFiles, metafile } = await build({
    ...options,
    absWorkingDir: root,
    write: false,
    bundle: true,
    legalComments: 'none',
    logLevel: 'warning',
    tsconfigRaw: {},
    metafile: true,
  })
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, outputFiles?.[0]?.contents ?? '')
  renameSync(draft, file)
  return metafile as Metafile
}
