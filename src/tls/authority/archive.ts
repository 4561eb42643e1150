import { existsSync, lstatSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { assertOurs, certificateFile, keyFile, readAuthority } from './authority.ts'
import { unwritable } from './errors.ts'
import { certificatesIn } from '../pem.ts'
import { faultOfOwner, readIfThere } from './authority-store.ts'

/**
 * Makes room for a new authority. Deletes an authority of ours, because its key could be stolen later. Moves a folder with
 * other files to a new name, because they may be the user's work.
 *
 * @returns the new path of the folder, or undefined when nothing was moved.
 * @throws ServeError `E8008_AUTHORITY` when the file system refuses.
 */
export async function archiveAuthority(folder: string): Promise<string | undefined> {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return undefined
  const isOurs = await holdsOurs(folder)
  try {
    if (isOurs) {
      // The certificate last: alone it still shows that an authority was here.
      for (const path of [keyFile(folder), join(folder, 'leaves'), certificateFile(folder)]) {
        rmSync(path, { recursive: true, force: true })
      }
      return undefined
    }
    const place = freeName(folder)
    renameSync(folder, place)
    return place
  } catch (cause) {
    throw unwritable(folder, cause)
  }
}

/** Whether the folder holds an authority that we made, or none. */
async function holdsOurs(folder: string): Promise<boolean> {
  const file = keyFile(folder)
  try {
    if ([folder, file, certificateFile(folder)].some((path) => faultOfOwner(path) !== undefined)) return false
    const text = readIfThere(file)
    const certificate = text === undefined ? readAuthority(folder) : certificatesIn(text)[0]
    if (certificate === undefined) return text === undefined
    await assertOurs(certificate, folder)
    return true
  } catch {
    return false
  }
}

function freeName(folder: string): string {
  for (let number = 1; ; number++) {
    const name = `${folder}.old${number === 1 ? '' : `-${number}`}`
    if (!existsSync(name)) return name
  }
}
