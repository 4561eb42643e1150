import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { build, type Metafile, type Plugin } from 'esbuild'
import { fromRoot, root } from './paths.ts'

/**
 * CommonJS dependencies say `require('path')`. In an ES module esbuild can only turn that into a call of a `require`
 * that does not exist, so built-ins are taken from the process instead (Node 20.16 and later).
 */
const builtinsForCommonJs: Plugin = {
  name: 'builtins-for-commonjs',
  setup(builder) {
    const namespace = 'builtin'
    builder.onResolve({ filter: /.*/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      return kind === 'require-call' && builtinModules.includes(name) ? { path: name, namespace } : undefined
    })
    builder.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
}

/** yargs takes its surroundings from us: see the file. */
const yargsPlatform: Plugin = {
  name: 'yargs-platform',
  setup(builder) {
    const path = fromRoot('src/cli/args/yargs-platform.ts')
    builder.onLoad({ filter: /[\\/]yargs[\\/]lib[\\/]platform-shims[\\/]esm\.mjs$/ }, () => ({
      contents: `export { yargsPlatform as default } from ${JSON.stringify(path)}`,
    }))
  },
}

/** Data of packages, such as the types of mime-db, is not for reading: without blanks it takes half the space. */
const compactData: Plugin = {
  name: 'compact-data',
  setup(builder) {
    builder.onLoad({ filter: /node_modules[\\/].*\.json$/ }, ({ path }) => {
      const data = JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))
      return { contents: `module.exports = JSON.parse(${JSON.stringify(data)})`, loader: 'js' }
    })
  },
}

/**
 * Bundles the library and the command, dependencies included, and tells what went into which file.
 *
 * Invariant: every emitted file sits exactly two folders below the package's root (`dist/lib`, `dist/cli`,
 * `dist/chunks`), as `src/<folder>/<file>.ts` does. Code there finds `../../templates/` and `../../package.json` through
 * `import.meta.url`, and that has to hold in src and in dist alike.
 *
 * Splitting keeps every `await import()` a chunk of its own, so what a run does not need is never read.
 */
export async function bundle(folder: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { 'lib/index': 'src/index.ts', 'cli/main': 'src/cli/main.ts' },
    outdir: folder,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    // ES modules where packages have them: unused code is left out.
    mainFields: ['module', 'main'],
    target: 'node20.19',
    // One character beyond Latin-1 makes V8 read a whole file in two bytes each.
    charset: 'ascii',
    // It does not know that Node has these, writes patterns with them as calls, and keeps unused ones.
    supported: { 'regexp-unicode-property-escapes': true },
    // Measured: minified, the command starts no sooner. Readable, its stack traces and its code can be checked by anyone.
    minify: false,
    legalComments: 'none',
    metafile: true,
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'warning',
    plugins: [builtinsForCommonJs, compactData, yargsPlatform],
  })
  return metafile
}
