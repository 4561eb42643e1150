import { build } from 'esbuild'

/**
 * Bundles a program of the tests like the package, because a measurement would include the cost of tsx.
 *
 * @returns the path of the bundle, `outfile`.
 */
export async function bundled(entry: string, outfile: string): Promise<string> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    banner: { js: `import { createRequire as r } from 'node:module'; const require = r(import.meta.url)` },
  })
  return outfile
}
