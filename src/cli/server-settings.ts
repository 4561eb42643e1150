import { optionTable } from '../config/options/option-table.ts'
import type { Environment } from '../config/sources/env.ts'
import type { ServerStart } from '../control/server-registry.ts'
import { hash128 } from '../core/util/hash128.ts'
import type { Command } from './args/command.ts'

/** Lets `explain` read the settings of the server again. Secrets are left out, since a file outlives a command line. */
export function serverStart({ flags, config }: Command, env: Environment): ServerStart {
  const isHidden = (key: string): boolean => hidden.some((entry) => entry.key === key)
  const hidden = optionTable.filter(({ isSecret, holdsFields }) => isSecret || holdsFields)
  const names = optionTable.flatMap(({ key, environment }) => (isHidden(key) ? [] : environment))
  return {
    flags: Object.fromEntries(Object.entries(flags).filter(([key]) => !isHidden(key))),
    env: Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    ...(config === undefined ? {} : { config }),
    hidden: hidden
      .filter(({ key, environment }) => [flags[key], ...environment.map((name) => env[name])].some(isGiven))
      .map(({ key }) => key),
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined
}

const ownSettings: ReadonlySet<string> = new Set(
  optionTable.flatMap(({ key, environment, isOfStart }) => (isOfStart ? [key, ...environment] : [])),
)

/**
 * Tells the settings of two servers of a folder apart by what their commands say: an edit of the config file that they
 * share reaches both.
 */
export function settingsHash(file: string | undefined, { flags }: Pick<Command, 'flags'>, env: Environment): string {
  const given = Object.entries(flags).filter(([key]) => !ownSettings.has(key))
  const named = Object.entries(env).filter(([name]) => name.startsWith('SERVE8008_') && !ownSettings.has(name))
  const sorted = [...given, ...named].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return hash128(Buffer.from(JSON.stringify([file, sorted]))).toString('hex')
}
