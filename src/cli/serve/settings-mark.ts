import type { Environment } from '../../config/sources/env.ts'
import { hash128 } from '../../core/util/hash128.ts'
import type { Command } from '../args/command.ts'

/** What of the settings is the terminal's own, or compared apart. */
const ownSettings: ReadonlySet<string> = new Set(['root', 'port', 'open', 'log'])

/**
 * Tells the settings of two servers of a folder apart by what their commands say: an edit of the config file that they
 * share reaches both.
 */
export function settingsMark(file: string | undefined, { flags }: Pick<Command, 'flags'>, env: Environment): string {
  const given = Object.entries(flags).filter(([key]) => !ownSettings.has(key))
  const named = Object.entries(env).filter(
    ([name]) => name.startsWith('SERVE8008_') && !ownSettings.has(name.slice('SERVE8008_'.length).toLowerCase()),
  )
  const sorted = [...given, ...named].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return hash128(Buffer.from(JSON.stringify([file, sorted]))).toString('hex')
}
