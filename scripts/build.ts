/** Builds the package: `npm run build`. Everything that npm packs beside bin and templates comes from here. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from './bundle.ts'
import { buildClient } from './client.ts'
import { emitDeclarations } from './declarations.ts'
import { thirdPartyNotices } from './notices.ts'
import { mergeChunks } from './merge-chunks.ts'
import { fromRoot } from './paths.ts'

/** Writes `dist`. What was there is replaced by two renames, so nobody meets half a build. */
export async function buildPackage(): Promise<void> {
  mkdirSync(fromRoot('.cache'), { recursive: true })
  const workshop = mkdtempSync(fromRoot('.cache/build-'))
  try {
    const folder = join(workshop, 'dist')
    const split = join(workshop, 'split')
    const metafile = await bundle(split)
    await mergeChunks(split, metafile, folder)
    writeFileSync(join(folder, 'THIRD_PARTY_NOTICES.txt'), `${thirdPartyNotices(metafile)}\n`)
    emitDeclarations(join(folder, 'types'))
    await buildClient(join(folder, 'client'))
    const { jsonSchema } = await import('../src/config/json-schema.ts')
    writeFileSync(join(folder, 'schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`)
    const former = join(workshop, 'former')
    if (existsSync(fromRoot('dist'))) renameSync(fromRoot('dist'), former)
    renameSync(folder, fromRoot('dist'))
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildPackage()
