import { checkFolders } from '../../config/check-folders.ts'
import type { LoadedConfig } from '../../config/load.ts'
import type { ServeOptions } from '../../config/types.ts'
import type { Environment } from '../../config/sources/env.ts'
import { isServeError, ServeError } from '../../core/serve-error.ts'
import { heldBySameFolder } from './already-served.ts'
import { namingHolders } from './held-ports.ts'

/**
 * The error of a start, with the file or the variable that set the port or the folder, and with a server that has both.
 *
 * @param isForPeople Whether to ask what holds the ports for its name, which takes a moment.
 */
export async function explainStartError(
  thrown: unknown,
  loaded: LoadedConfig,
  env: Environment,
  isForPeople: boolean,
): Promise<unknown> {
  if (!isServeError(thrown)) return thrown
  // Again, to name the file or the variable, if the fault lasts.
  if (/^E8008_(?:ROOT|AUTH_FILE)/.test(thrown.code)) checkFolders(loaded.config, loaded.origins)
  const error = isForPeople && thrown.skipped.length > 0 ? await namingHolders(thrown) : thrown
  if (error.code !== 'E8008_PORT_HELD' && error.code !== 'E8008_PORT_DENIED') return error
  const named = withOrigin(await withListener(withStop(error), loaded), loaded.origins)
  return named.code === 'E8008_PORT_HELD' ? heldBySameFolder(named, loaded.config, env) : named
}

/** Adds how to end the program that has the port, where the system shows one. */
function withStop(error: ServeError): ServeError {
  const held = error.skipped.find(({ holder }) => holder?.pid !== undefined && holder.pid !== process.pid)
  if (held === undefined) return error
  const { code, message, fix, cause, skipped } = error
  return new ServeError(code, `${message} To end that program: serve8008 free ${held.port}.`, { fix, cause, skipped })
}

/** Names the listener of the option `listeners`, which a flag for another port would replace with all others. */
async function withListener(error: ServeError, { config, options, origins }: LoadedConfig): Promise<ServeError> {
  const [kind, ...name] = (origins['listeners'] ?? 'default').split(' ')
  const [held] = error.skipped
  const listener = config.listeners.find(({ ports }) => held !== undefined && ports.includes(held.port))
  if (kind === 'default' || listener === undefined) return error
  const { code, message, cause, skipped } = error
  const by = kind === 'preset' ? `the preset ${name.join(' ')}` : name.join(' ')
  const hint = kind === 'preset' ? await presetHint(options) : `change the port of the listener ${listener.name}`
  const told = `${message} It is that of the listener ${listener.name}, set by ${by}.`
  return new ServeError(code, told, { hint, cause, skipped })
}

/** The program for which a preset is often has the port of the preset itself, as a homeserver does. */
async function presetHint({ preset = '', upstream }: ServeOptions): Promise<string> {
  const { readPreset, upstreamOf } = await import('../../config/presets.ts')
  const label = upstreamOf(readPreset(preset), upstream)?.label
  const change = `write the preset to a file and change the port there: serve8008 init ${preset}`
  return label === undefined ? change : `if that is the upstream, let it listen on ${label}; else ${change}`
}

/** Adds where the port was set, unless it was typed. Clients of a preset know its port alone: no other is offered as the fix. */
function withOrigin(error: ServeError, origins: LoadedConfig['origins']): ServeError {
  const [kind = '', ...name] = (origins[error.fix?.option ?? 'port'] ?? 'default').split(' ')
  if (!['env', 'file', 'preset'].includes(kind)) return error
  const { code, message, fix, cause, skipped } = error
  const isPreset = kind === 'preset'
  const by = isPreset ? `the preset ${name.join(' ')}` : name.join(' ')
  const another = fix && `; for clients that know another port, add --port ${String(fix.value)}`
  const next = isPreset ? { hint: `end the program that has it${another ?? ''}` } : { fix }
  return new ServeError(code, `${message} It was set by ${by}.`, { ...next, cause, skipped })
}
