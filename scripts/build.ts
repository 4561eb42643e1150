/** Builds the package: `npm run build`. Everything that npm packs beside bin and templates comes from here. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from './bundle.ts'
import { buildClient } from './client.ts'
import { emitDeclarations } from './declarations.ts'
import { bundledPackages, thirdPartyNotices, versionList } from './notices.ts'
import { mergeChunks } from './merge-chunks.ts'
import { fromRoot } from './paths.ts'

/** Writes `dist`, and the source maps of it to `maps`. Two renames replace `dist`, so no process sees half a build. */
export async function buildPackage(): Promise<void> {
  await inWorkshop(async (workshop) => {
    const folder = join(workshop, 'dist')
    const packages = await buildCommand(workshop)
    writeFileSync(join(folder, 'THIRD_PARTY_NOTICES.txt'), `${thirdPartyNotices(packages)}\n`)
    emitDeclarations(join(folder, 'types'))
    const { jsonSchema } = await import('../src/config/validate/json-schema.ts')
    writeFileSync(join(folder, 'schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`)
    const former = join(workshop, 'former')
    if (existsSync(fromRoot('dist'))) renameSync(fromRoot('dist'), former)
    renameSync(folder, fromRoot('dist'))
    rmSync(fromRoot('maps'), { recursive: true, force: true })
    renameSync(join(workshop, 'maps'), fromRoot('maps'))
  })
}

/** Builds the command as users get it in a folder of its own for as long as it is used. */
export async function withCommand<T>(use: (script: string) => Promise<T>): Promise<T> {
  return inWorkshop(async (workshop) => {
    await buildCommand(workshop)
    for (const part of ['bin', 'templates', 'package.json']) {
      cpSync(fromRoot(part), join(workshop, part), { recursive: true })
    }
    return use(join(workshop, 'bin/serve8008.js'))
  })
}

/** Writes what runs into a folder's `dist`, and returns the packages that it was made of. */
async function buildCommand(folder: string): Promise<ReturnType<typeof bundledPackages>> {
  const split = join(folder, 'split')
  const metafile = await bundle(split)
  await mergeChunks(split, metafile, join(folder, 'dist'), join(folder, 'maps'))
  await buildClient(join(folder, 'dist/client'))
  const packages = bundledPackages(metafile)
  writeFileSync(join(folder, 'dist/packages.json'), `${JSON.stringify(versionList(packages), null, 2)}\n`)
  return packages
}

async function inWorkshop<T>(work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(fromRoot('.cache'), { recursive: true })
  const folder = mkdtempSync(fromRoot('.cache/build-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildPackage()
