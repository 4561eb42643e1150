import { isBuiltin } from 'node:module'
import { join, parse, relative } from 'node:path'
import type { Metafile } from 'esbuild'
import { rollup } from 'rollup'
import { root } from './paths.ts'

/**
 * Writes a split bundle again with everything that runs at start-up in two files: what the library loads, and what the
 * command loads beside it. esbuild splits by who shares what, which made eighteen files of it, and each costs its own
 * resolving, reading and compiling: about 20 ms of the command's start in all.
 *
 * @param from Folder of the split bundle.
 * @param to Folder for the merged one, with the same entries.
 */
export async function mergeChunks(from: string, metafile: Metafile, to: string): Promise<void> {
  const eager = eagerFiles(metafile)
  const library = eager(join(from, 'lib/index.js'))
  const command = eager(join(from, 'cli/main.js'))
  const merged = await rollup({
    input: { 'lib/index': join(from, 'lib/index.js'), 'cli/main': join(from, 'cli/main.js') },
    external: isBuiltin,
    // esbuild has shaken the tree, and knows the packages' side effects.
    treeshake: false,
    onLog: (level, log) => {
      if (level === 'warn' && log.code !== 'UNUSED_EXTERNAL_IMPORT') throw new Error(log.message)
    },
  })
  await merged.write({
    dir: to,
    format: 'es',
    chunkFileNames: ({ name, moduleIds }) => `chunks/${describedName(name, moduleIds, metafile)}-[hash].js`,
    entryFileNames: '[name].js',
    manualChunks: (id) => (library.has(id) ? 'server' : command.has(id) ? 'command' : undefined),
    minifyInternalExports: false,
    hoistTransitiveImports: false,
  })
  await merged.close()
}

/** The name of a chunk without esbuild's hash. What several files share is a `chunk` to esbuild, and a package often `dist`: these are named by their largest part. */
function describedName(name: string, files: readonly string[], { outputs }: Metafile): string {
  const plain = name.replace(/-[A-Z\d]{8}$/, '')
  if (!/^(?:chunk|dist|index|wrapper)$/.test(plain)) return plain
  const parts = files.flatMap((file) => Object.entries(outputs[relative(root, file)]?.inputs ?? {}))
  const [largest] = parts.toSorted(([, one], [, other]) => other.bytesInOutput - one.bytesInOutput)
  const [, packageName] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(largest?.[0] ?? '') ?? []
  return (packageName ?? parse(largest?.[0] ?? plain).name).replace(/[^\w.-]+/g, '-')
}

/** Which files an entry loads before its first line runs. */
function eagerFiles({ outputs }: Metafile): (entry: string) => ReadonlySet<string> {
  const statics = new Map(
    Object.entries(outputs).map(([path, { imports }]) => [
      join(root, path),
      imports.filter(({ kind, external }) => kind === 'import-statement' && external !== true),
    ]),
  )
  return (entry) => {
    const seen = new Set<string>([entry])
    // A set visits what is added while it is walked.
    for (const file of seen) for (const { path } of statics.get(file) ?? []) seen.add(join(root, path))
    return seen
  }
}
