import { statSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { outOfFiles } from '../core/out-of-files.ts'
import { ServeError } from '../core/serve-error.ts'
import type { AccessPolicy } from './access/access-policy.ts'
import { linkOnDisk, realPathOnDisk, toDisk } from '../core/util/disk-name.ts'

/** Codes for a missing file: no entry, a file instead of a folder, a loop of links, an impossible name, no device. */
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

/** Most symbolic links that are followed in a row. The Linux kernel has the same limit. */
const linksInRow = 40

/**
 * Undefined for the error of a missing file.
 *
 * @throws ServeError `E8008_FORBIDDEN` for a file without read permission: its name is no secret, and the user of this
 *   computer can change that. `E8008_BUSY` if no descriptor is free, else `E8008_INTERNAL`.
 */
export function missingOrThrow(error: unknown): undefined {
  const code = (error as NodeJS.ErrnoException).code
  if (missing.has(code)) return undefined
  if (code === 'EACCES' || code === 'EPERM') {
    throw new ServeError('E8008_FORBIDDEN', 'The server has no permission to read this file.', {
      hint: 'give the user that runs serve8008 permission to read it',
      cause: error,
    })
  }
  throw outOfFiles(error) ?? new ServeError('E8008_INTERNAL', 'The file could not be read.', { cause: error })
}

/**
 * Like {@link missingOrThrow}, for an error at a path. A path that the policy does not admit counts as missing: a 403
 * would reveal that it exists.
 */
export function missingOrThrowAt(path: string, access: AccessPolicy, error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException
  if ((code === 'EACCES' || code === 'EPERM') && !isServed(path, access)) return undefined
  return missingOrThrow(error)
}

/** Whether the policy admits a path or, if it cannot be resolved, the deepest folder above it that can. */
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
  // The target of a link decides, not the folder that holds the link.
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
