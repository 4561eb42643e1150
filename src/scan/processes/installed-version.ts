import { dirname, join } from 'node:path'
import { printable } from '../../core/util/sanitize.ts'
import { readManifest } from './project.ts'

/** The npm packages of servers that do not say their version, by the names that `identify` gives. */
export const packages: Readonly<Record<string, string>> = {
  Vite: 'vite',
  Express: 'express',
  Fastify: 'fastify',
  Hono: 'hono',
  'h3 (Nitro)': 'h3',
  'Next.js': 'next',
  Nuxt: 'nuxt',
  Astro: 'astro',
  SvelteKit: '@sveltejs/kit',
  'React Router': 'react-router',
  Storybook: 'storybook',
  Angular: '@angular/cli',
  Parcel: 'parcel',
  'webpack-dev-server': 'webpack-dev-server',
  Browsersync: 'browser-sync',
  serve: 'serve',
  'http-server': 'http-server',
  'live-server': 'live-server',
}

/** Most folders upwards. */
const mostFolders = 32

/**
 * The version of a product in the nearest `node_modules` of a process, as Node.js looks packages up: what it would load now.
 *
 * @returns the version and its file; undefined for a product without a package, and where none is installed.
 */
export async function installedVersion(
  product: string | undefined,
  cwd: string | undefined,
): Promise<{ readonly version: string; readonly file: string } | undefined> {
  const name = product === undefined ? undefined : packages[product]
  if (name === undefined || cwd === undefined) return undefined
  let folder = cwd
  for (let i = 0; i < mostFolders; i++) {
    const file = join(folder, 'node_modules', name, 'package.json')
    const [, version] = /"version"\s*:\s*"(\d[\w.+-]{0,39})"/.exec((await readManifest(file)) ?? '') ?? []
    if (version !== undefined) return { version, file: printable(file) }
    if (folder === dirname(folder)) return undefined
    folder = dirname(folder)
  }
  return undefined
}
