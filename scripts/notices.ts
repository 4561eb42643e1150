import { readdirSync, readFileSync } from 'node:fs'
import type { Metafile } from 'esbuild'
import { fromRoot } from './paths.ts'

const permissive = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0'])

/** A package whose code is in the bundle. */
interface Bundled {
  readonly folder: string
  readonly name: string
  readonly version: string
  readonly license: string
}

/** The packages whose code is in the bundle, by name. */
export function bundledPackages(metafiles: readonly Metafile[]): readonly Bundled[] {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs))
  const bundled = outputs.flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? packageFolder(path) : [])),
  )
  return [...new Set(bundled)].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(fromRoot(folder, 'package.json'), 'utf8')) as Bundled
    return { folder, name, version, license }
  })
}

/**
 * The licences of these packages.
 *
 * @throws Error when a package has no licence text or one that we may not pass on this way.
 */
export function thirdPartyNotices(packages: readonly Bundled[]): string {
  return ['serve8008 contains code of the packages below, under their licences.', ...packages.map(notice)].join(
    `\n\n${'-'.repeat(80)}\n\n`,
  )
}

/** Versions by name, for `serve8008 --version --verbose`. Of a package that is bundled twice both are named. */
export function versionList(packages: readonly Bundled[]): Readonly<Record<string, string>> {
  const list: Record<string, string> = {}
  for (const { name, version } of packages)
    list[name] = list[name] === undefined ? version : `${list[name]}, ${version}`
  return list
}

function packageFolder(path: string): string[] {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.slice(0, 1) ?? []
}

function notice({ folder, name, version, license }: Bundled): string {
  if (!permissive.has(license))
    throw new Error(`${name} has the licence ${license}, which is not in the list of reviewed licences.`)
  const file = readdirSync(fromRoot(folder)).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${name} comes without the text of its licence.`)
  return `${name} ${version} (${license})\n\n${readFileSync(fromRoot(folder, file), 'utf8').trim()}`
}
