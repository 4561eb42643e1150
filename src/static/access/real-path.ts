import type { BigIntStats } from 'node:fs'
import { isSameFile, type Boundary } from './access-policy.ts'
import { realPathOnDisk } from '../../core/util/disk-name.ts'
import { lookQuietly } from '../exact-stat.ts'

/**
 * The path of a file or folder with every symbolic link resolved, or undefined when it lies outside
 * the boundary, is gone, or is no longer the one that was looked at.
 */
export function realPath(path: string, stat: BigIntStats, boundary: Boundary): string | undefined {
  try {
    const real = realPathOnDisk(path)
    const named = lookQuietly(real)
    return named !== undefined && isSameFile(named, stat) && boundary.admits(real, stat, path) ? real : undefined
  } catch {
    return undefined
  }
}
