import { readdirSync, readFileSync } from 'node:fs'
import type { Metafile } from 'esbuild'
import { fromRoot } from './paths.ts'

const permissive = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0'])

/**
 * The licences of the packages whose code is in the bundle.
 *
 * @throws Error when a package has no licence text or one that we may not pass on this way.
 */
export function thirdPartyNotices(metafile: Metafile): string {
  const bundled = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? packageFolder(path) : [])),
  )
  const notices = [...new Set(bundled)].toSorted().map(notice)
  return ['serve8008 contains code of the packages below, under their licences.', ...notices].join(
    `\n\n${'-'.repeat(80)}\n\n`,
  )
}

function packageFolder(path: string): string[] {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.slice(0, 1) ?? []
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(fromRoot(folder, 'package.json'), 'utf8'))
  if (!permissive.has(license))
    throw new Error(`${name} has the licence ${license}, which is not in the list of reviewed licences.`)
  const file = readdirSync(fromRoot(folder)).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${name} comes without the text of its licence.`)
  return `${name} ${version} (${license})\n\n${readFileSync(fromRoot(folder, file), 'utf8').trim()}`
}
