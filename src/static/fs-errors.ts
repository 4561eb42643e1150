import { statSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { outOfFiles } from '../core/out-of-files.ts'
import { ServeError } from '../core/serve-error.ts'
import type { AccessPolicy } from './access/access-policy.ts'
import { linkOnDisk, realPathOnDisk, toDisk } from '../core/util/disk-name.ts'

/** Ways to say that no file is there: nothing, no folder on the way, a loop of links, no such name or device. */
const missing: ReadonlySet<unknown> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'EINVAL',
  'ENXIO',
  'ENODEV',
  'EISDIR',
])

/** Links in a row that are followed, as in the system itself. */
const linksInRow = 40

/**
 * Turns a failure of the file system into its answer: undefined for a missing file, otherwise it throws.
 * A file that we may not read is reported as such (403): its name is no secret, and its owner, who
 * sits at this machine, wants to know.
 */
export function missingOrThrow(error: unknown): undefined {
  const code = (error as NodeJS.ErrnoException).code
  if (missing.has(code)) return undefined
  if (code === 'EACCES' || code === 'EPERM') {
    throw new ServeError('E8008_FORBIDDEN', 'The system does not let the server read this file.', {
      hint: 'give the user that runs serve8008 the right to read it',
      cause: error,
    })
  }
  throw outOfFiles(error) ?? new ServeError('E8008_INTERNAL', 'The file could not be read.', { cause: error })
}

/**
 * What {@link missingOrThrow} makes of a failure at a path. That the system denies us something is told only of what would be
 * served: elsewhere even its being there is nobody's business.
 *
 * @throws ServeError as `look` does.
 */
export function missingOrThrowAt(path: string, access: AccessPolicy, error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException
  if ((code === 'EACCES' || code === 'EPERM') && !isServed(path, access)) return undefined
  return missingOrThrow(error)
}

/** Whether the boundary admits a path, or, where it cannot be reached, the last place on the way to it. */
function isServed(path: string, access: AccessPolicy): boolean {
  try {
    const real = lastReached(path, linksInRow)
    return real !== undefined && access.admits(real, statSync(toDisk(real), { bigint: true }))
  } catch {
    return false
  }
}

function lastReached(path: string, links: number): string | undefined {
  const whole = quietly(() => realPathOnDisk(path))
  if (whole !== undefined || links === 0) return whole
  const above = dirname(path)
  // The folder of a link says nothing about where the link leads.
  const target = quietly(() => linkOnDisk(path))
  if (target !== undefined) {
    const start = isAbsolute(target) ? '' : `${realPathOnDisk(above)}/`
    return lastReached(`${start}${target}`, links - 1)
  }
  return above === path ? undefined : lastReached(above, links)
}

function quietly<Value>(ask: () => Value): Value | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}
