import { basename, resolve, sep } from 'node:path'
import { OpenFiles } from '../http/body/open-files.ts'
import { loadMediaTypes, needsMediaTypes } from '../http/message/media-type.ts'
import type { Reply } from '../http/message/reply.ts'
import { createAccessPolicy, type AccessPolicy } from './access/access-policy.ts'
import { createDenyList } from './access/apply-deny-list.ts'
import { createFileCache } from './files/file-cache.ts'
import { notFound } from './fallback.ts'
import { statWithin } from './stat.ts'
import { parseUrlPath } from './url-path.ts'

/** Most of these files that are open at the same time, in the whole process. */
const openFiles = new OpenFiles(256)

/** Enough for every file that is sent from memory, with the hash of its content as entity tag. */
const memoryBytes = 1024 * 1024

/** Serves the file that the program names, wherever links lead: the program is trusted. */
const anyFile: AccessPolicy = { admits: () => true, admitsIn: () => () => true, denialOf: () => undefined }

/**
 * The whole representation of one file, with validators: preconditions and ranges are applied to it later.
 *
 * @param within Absolute path of a folder that the file must not leave. Its hidden and secret files are kept back, and
 *   links that lead out, as in a served folder.
 * @throws ServeError `E8008_NOT_FOUND`, `E8008_FORBIDDEN`, `E8008_BUSY`, `E8008_INTERNAL`.
 */
export async function singleFile(path: string, within?: string): Promise<Reply> {
  const { file, access } = within === undefined ? { file: resolve(path), access: anyFile } : fileWithin(path, within)
  if (needsMediaTypes(basename(file))) await loadMediaTypes()
  const stat = statWithin(file, access)
  // Nothing is kept for the next call: the program may name any number of files.
  const cache = createFileCache({ access, cacheControl: '', cacheBytes: memoryBytes, openFiles })
  const entry = stat?.isFile() === true ? cache.fetch(file, stat) : undefined
  if (entry === undefined) throw notFound()
  return entry.reply
}

function fileWithin(path: string, root: string): { file: string; access: AccessPolicy } {
  const platform = sep === '\\' ? 'win32' : 'posix'
  const denied = createDenyList({ dotfiles: false, serve: [] })
  // The rules for paths of requests hold for a name that may come from one: no dot segment, no NUL, no drive letter.
  if (/[\ud800-\udfff]/u.test(path)) throw notFound()
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  const file = parseUrlPath(`/${encoded}`, { root, prefix: [], denied, platform })?.file
  if (file === undefined || file === root) throw notFound()
  return { file, access: createAccessPolicy({ root, followSymlinks: false, denied, secretFiles: [] }) }
}
