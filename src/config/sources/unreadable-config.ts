import { ServeError, type SourcePosition } from '../../core/serve-error.ts'
import { thrownMessage } from '../../core/util/thrown-text.ts'

/** The error of a config file that cannot be used. */
export function unreadableConfig(message: string, hint: string, cause?: unknown, place?: SourcePosition): ServeError {
  return new ServeError('E8008_CONFIG_UNREADABLE', message, { hint, cause, place })
}

/** A configuration is some kilobytes. A larger JSON file is another one, and checking it would take seconds. */
export const mostJsonBytes = 1_000_000

/** The first line of what was thrown. */
export function messageOf(error: unknown): string {
  const [line = ''] = thrownMessage(error).split('\n')
  return line.replace(/\.$/, '')
}

/** What a module exports by default: the options of a config file, or the option `handler`. */
export type ModuleContent = 'options' | 'handler'

/** Code of {@link unsettledModule}. */
export const unsettledCode = 'ERR_CONFIG_UNSETTLED'

/** The error of a module whose promise can no longer settle. */
export function unsettledModule(content: ModuleContent): Error {
  return Object.assign(new Error(`it never gives its ${content}: what it awaits or exports is never settled`), {
    code: unsettledCode,
  })
}
