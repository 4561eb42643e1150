/** Builds the package: `npm run build`. Everything that npm packs beside bin and templates comes from here. */
import { appendFileSync, cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from './bundle.ts'
import { buildScripts } from './client.ts'
import { emitDeclarations } from './declarations.ts'
import { bundledPackages, thirdPartyNotices, versionList } from './notices.ts'
import { mergeChunks } from './merge-chunks.ts'
import { cacheFolder, countsCoverage, inCompileFolder, removeOldCaches } from './compile-folder.ts'
import { fromRoot } from './paths.ts'

/** Writes `dist`, and the source maps of it to `maps`. Two renames replace `dist`, so no process sees half a build. */
export async function buildPackage(): Promise<void> {
  await inCompileFolder('build', async (workshop) => {
    const folder = join(workshop, 'dist')
    const packages = await buildCommand(workshop)
    writeFileSync(join(folder, 'THIRD_PARTY_NOTICES.txt'), `${thirdPartyNotices(packages)}\n`)
    emitDeclarations(join(folder, 'types'))
    const { jsonSchema } = await import('../src/config/validate/json-schema.ts')
    const { scanJsonSchema } = await import('../src/cli/commands/scan-schema.ts')
    writeFileSync(join(folder, 'schema.json'), `${JSON.stringify(jsonSchema())}\n`)
    writeFileSync(join(folder, 'scan.schema.json'), `${JSON.stringify(scanJsonSchema())}\n`)
    const former = join(workshop, 'former')
    if (existsSync(fromRoot('dist'))) renameSync(fromRoot('dist'), former)
    renameSync(folder, fromRoot('dist'))
    rmSync(fromRoot('maps'), { recursive: true, force: true })
    renameSync(join(workshop, 'maps'), fromRoot('maps'))
  })
}

/** Builds the command as users get it, unless a build of the same files exists. Returns the path of its script. */
export async function builtCommand(): Promise<string> {
  const parts = ['bin', 'templates', 'package.json']
  const folder = cacheFolder('command', [...parts, 'src', 'scripts', 'package-lock.json'])
  if (!existsSync(folder)) {
    await inCompileFolder('build', async (workshop) => {
      await buildCommand(workshop)
      for (const part of parts) cpSync(fromRoot(part), join(workshop, part), { recursive: true })
      removeOldCaches('command')
      if (!existsSync(folder)) renameSync(workshop, folder)
    })
  }
  return join(folder, 'bin/serve8008.js')
}

/**
 * Writes what runs into a folder's `dist`, and returns the packages that it was made of. Coverage needs exact source
 * maps: its chunks are not merged, since rollup maps only lines.
 */
async function buildCommand(folder: string): Promise<ReturnType<typeof bundledPackages>> {
  const split = join(folder, countsCoverage ? 'dist' : 'split')
  const metafile = await bundle(split)
  if (countsCoverage) linkSourceMaps(split)
  else await mergeChunks(split, metafile, join(folder, 'dist'), join(folder, 'maps'))
  const scripts = await buildScripts(join(folder, 'dist'))
  const packages = bundledPackages([metafile, ...scripts])
  writeFileSync(join(folder, 'dist/packages.json'), `${JSON.stringify(versionList(packages), null, 2)}\n`)
  return packages
}

/** Makes each chunk name its source map. */
function linkSourceMaps(folder: string): void {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.map')) continue
    appendFileSync(join(folder, file.slice(0, -'.map'.length)), `\n//# sourceMappingURL=${basename(file)}\n`)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildPackage()
