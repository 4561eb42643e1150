import { existsSync, readFileSync } from 'node:fs'
import type { OutputOptions } from './output/reporter.ts'
import { packageVersion } from './process-io.ts'

/** Versions by package. */
type Packages = Readonly<Record<string, string>>

/** What the build bundled. It stands above the built file and not above this one: the sources bundle nothing. */
const list = new URL('../packages.json', import.meta.url)

/** What `--version` prints; with `--verbose` also the packages that are bundled. */
export function renderVersion({ json, verbose }: OutputOptions, packages: Packages = bundledPackages()): string {
  const version = packageVersion()
  if (json) return `${JSON.stringify(verbose ? { version, packages } : { version })}\n`
  const rows = verbose ? Object.entries(packages).map((row) => row.join(' ')) : []
  return [version, ...rows].map((line) => `${line}\n`).join('')
}

function bundledPackages(): Packages {
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Packages) : {}
}
