import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Metafile } from 'esbuild'
import { rollup, type PreRenderedChunk } from 'rollup'
import { dropDocstrings } from './drop-docstrings.ts'
import { root } from './paths.ts'
import { takeBuiltins } from './take-builtins.ts'

/**
 * Writes a split bundle again with everything that runs at start-up in two files: what the library and the command
 * both load, and what the command loads beside it. esbuild splits by who shares what, which made eighteen files of it, and each costs its own
 * resolving, reading and compiling: about 20 ms of the command's start in all.
 *
 * @param from Folder of the split bundle.
 * @param to Folder for the merged one, with the same entries.
 * @param maps Folder for the source maps, which are not shipped. They name sources from the root of the package.
 */
export async function mergeChunks(from: string, metafile: Metafile, to: string, maps: string): Promise<void> {
  const eager = eagerFiles(metafile)
  const entry = join(from, 'lib/index.js')
  // The entry itself holds what only programs use, such as the helpers for replies: the command need not read it.
  // So does a chunk that the command loads only when it is needed.
  const command = eager(join(from, 'cli/main.js'))
  const library = new Set([...eager(entry)].filter((file) => command.has(file)))
  const doors = doorsOf(metafile)
  const late = new Set(doors.values())
  const merged = await rollup({
    input: { 'lib/index': entry, 'cli/main': join(from, 'cli/main.js') },
    external: isBuiltin,
    plugins: [
      {
        name: 'maps-of-esbuild',
        load: (id) => ({ code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') }),
      },
      takeBuiltins,
      dropDocstrings,
    ],
    // esbuild has shaken the tree, and knows the packages' side effects.
    treeshake: false,
    onLog: (level, log) => {
      if (level === 'warn' && log.code !== 'UNUSED_EXTERNAL_IMPORT') throw new Error(log.message)
    },
  })
  await merged.write({
    dir: to,
    format: 'es',
    chunkFileNames: (chunk) => `chunks/${describedName(chunk, metafile)}-[hash].js`,
    entryFileNames: '[name].js',
    manualChunks: (id) => {
      const file = doors.get(id) ?? id
      return library.has(file) ? 'server' : command.has(file) ? 'command' : late.has(file) ? file : undefined
    },
    onlyExplicitManualChunks: true,
    minifyInternalExports: false,
    hoistTransitiveImports: false,
    // Without a comment in the chunks: Node would look for a map that no user has.
    sourcemap: 'hidden',
    sourcemapPathTransform: (source, map) =>
      /\bbuiltin:.*/.exec(source)?.[0] ?? relative(root, resolve(dirname(map), source)).replaceAll(sep, '/'),
  })
  await merged.close()
  mkdirSync(maps)
  for (const file of readdirSync(to, { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.map')) renameSync(join(to, file), join(maps, basename(file)))
  }
}

/** A chunk is named after what it holds: a package, or a source by its path. What several files share has the name of its largest part. */
function describedName({ name, facadeModuleId, moduleIds }: PreRenderedChunk, { outputs }: Metafile): string {
  if (name === 'server' || name === 'command') return name
  const outputOf = (file: string): Metafile['outputs'][string] | undefined =>
    outputs[relative(root, file).replaceAll(sep, '/')]
  const parts = moduleIds.flatMap((file) => Object.entries(outputOf(file)?.inputs ?? {}))
  const [largest] = parts.toSorted(([, one], [, other]) => other.bytesInOutput - one.bytesInOutput)
  const source = outputOf(facadeModuleId ?? '')?.entryPoint ?? largest?.[0] ?? name
  const [, packageName] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? []
  return (packageName ?? source.replace(/^src\/|\.ts$/g, '')).replaceAll(/[^\w.-]+/g, '-')
}

/**
 * Each file that only hands on another one, with that one. esbuild makes one for a source that is imported both late and
 * statically, and it would cost a reading of its own.
 */
function doorsOf({ outputs }: Metafile): ReadonlyMap<string, string> {
  const doors = Object.entries(outputs).flatMap(([path, { imports, entryPoint = '' }]) => {
    const behind = imports.find((each) => outputs[each.path]?.inputs[entryPoint] !== undefined)
    return behind === undefined ? [] : [[join(root, path), join(root, behind.path)] as const]
  })
  return new Map(doors)
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
