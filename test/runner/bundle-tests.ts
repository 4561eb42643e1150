/** Compiles test files once, so that test processes do not compile the same sources again. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { inCompileFolder } from '../../scripts/compile-folder.ts'
import { fromRoot } from '../../scripts/paths.ts'

/** Compiled test files. */
export interface Bundle {
  /** The compiled form of a test file, as a URL. */
  urlOf(file: string): string
}

/** Modules keep their source addresses, because they read and spawn files beside them. */
const ownAddresses: Plugin = {
  name: 'own-addresses',
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      if (path.includes('node_modules') || !text.includes('import.meta.')) return undefined
      const addresses: Record<string, string> = {
        url: pathToFileURL(path).href,
        filename: path,
        dirname: join(path, '..'),
      }
      const contents = text.replaceAll(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, key: string) =>
        JSON.stringify(addresses[key]),
      )
      return { contents, loader: 'ts' }
    })
  },
}

/**
 * Compiles test files for as long as they are used. Their imports of this project go into shared chunks; packages stay
 * external.
 */
export function withBundle<T>(files: readonly string[], use: (bundle: Bundle) => Promise<T>): Promise<T> {
  return inCompileFolder('tests', async (folder) => {
    await compileTests(files, folder)
    return use({ urlOf: (file) => pathToFileURL(join(folder, file.replace(/\.ts$/, '.mjs'))).href })
  })
}

async function compileTests(files: readonly string[], folder: string): Promise<void> {
  await build({
    absWorkingDir: fromRoot(),
    entryPoints: [...files],
    outbase: fromRoot(),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    plugins: [ownAddresses],
  })
}
