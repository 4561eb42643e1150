import { limitNames } from '../options/limits.ts'
import { limitVariable, optionsByKey, optionTable } from '../options/option-table.ts'
import { expected, nearest, type Problem } from '../diagnostic.ts'
import { readOption, type OptionSource } from './source.ts'

/** Environment variables: names and values. */
export type Environment = Readonly<Record<string, string | undefined>>

const prefix = 'SERVE8008_'

/**
 * For a service with the name serve8008 Kubernetes sets `SERVE8008_SERVICE_HOST`, `SERVE8008_PORT_8008_TCP_ADDR` and more in
 * the containers of its namespace, and `SERVE8008_PORT=tcp://10.0.0.1:8008`. These are not settings.
 */
const serviceName = /^SERVE8008_(?:SERVICE_|PORT_\d)/
const serviceAddress = /^(?:tcp|udp|sctp):\/\//

/** Every `SERVE8008_` variable. */
const knownNames: readonly string[] = optionTable
  .flatMap((entry) => entry.environment)
  .filter((name) => name.startsWith(prefix))

/**
 * Reads options from environment variables. An empty variable counts as absent. Lists have one item per line.
 *
 * Many programs share `PORT` and `HOST`: a `SERVE8008_` variable overrides them, also one that conflicts
 * (`SERVE8008_SOCKET` and `PORT`).
 */
export function optionsFromEnvironment(env: Environment): OptionSource {
  const options: Record<string, unknown> = {}
  const origins = new Map<string, string>()
  const problems: Problem[] = []
  for (const entry of optionTable) {
    if (entry.key === 'limits') continue
    const name = entry.environment.find((candidate) => isSet(env, candidate))
    if (name === undefined) continue
    if (name === entry.shared && entry.excludes.some((rival) => hasOwnVariable(env, rival))) continue
    const text = env[name] ?? ''
    origins.set(entry.key, `env ${name}`)
    const read = readOption(entry, entry.kind === 'list' ? text.split(/\r?\n/).filter((line) => line !== '') : text)
    if ('problem' in read) problems.push(read.problem)
    else options[entry.key] = read.value
  }
  const limits = limitsFromEnvironment(env, origins, problems)
  if (Object.keys(limits).length > 0) options['limits'] = limits
  problems.push(...misspelt(env))
  return { options, origins, problems }
}

function limitsFromEnvironment(
  env: Environment,
  origins: Map<string, string>,
  problems: Problem[],
): Record<string, number> {
  const limits: Record<string, number> = {}
  for (const limit of limitNames) {
    const name = limitVariable(limit)
    if (!isSet(env, name)) continue
    origins.set(`limits.${limit}`, `env ${name}`)
    const text = (env[name] ?? '').trim()
    if (/^-?\d{1,16}$/.test(text)) limits[limit] = Number(text)
    else
      problems.push({ path: ['limits', limit], message: expected('a whole number', text), hint: 'use a whole number' })
  }
  return limits
}

/** A variable whose name is close to a known one is a typo, and a problem. Others are ignored. */
function misspelt(env: Environment): Problem[] {
  const problems: Problem[] = []
  for (const name of Object.keys(env)) {
    if (!name.startsWith(prefix) || knownNames.includes(name) || serviceName.test(name)) continue
    const rest = name.slice(prefix.length)
    const meant = nearest(
      rest,
      knownNames.map((own) => own.slice(prefix.length)),
    )
    if (meant === undefined) continue
    problems.push({ path: [name], message: 'unknown variable', hint: `did you mean ${prefix}${meant}?` })
  }
  return problems
}

/** Whether the `SERVE8008_` variable of an option is set. */
function hasOwnVariable(env: Environment, key: string): boolean {
  return isSet(env, optionsByKey.get(key)?.environment[0] ?? '')
}

function isSet(env: Environment, name: string): boolean {
  const value = env[name]?.trim() ?? ''
  return value !== '' && !(name === 'SERVE8008_PORT' && serviceAddress.test(value))
}
