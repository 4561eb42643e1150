import { basename } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { thrownText } from '../../core/util/thrown-text.ts'
import { errorText, firstFrame } from '../error-place.ts'
import type { Reporter } from '../output/reporter.ts'

/**
 * Reports an error that no request waits for: thrown in a timer or an event listener, or a promise that nothing awaits.
 * A forgotten `await` in a handler or plugin must not end the server while its author edits.
 *
 * @returns false for an error of serve8008 itself, after which it is not safe to serve.
 */
export function reportLateError(thrown: unknown, report: Reporter): boolean {
  const frame = firstFrame(errorText(thrown).stack)
  if (frame?.isOwn === true) return false
  const place = frame === undefined ? '' : ` (${basename(frame.file)}, line ${frame.line}, column ${frame.column})`
  const message = `Code of the project failed outside of a request: ${thrownText(thrown)}${place}`
  report.error(new ServeError('E8008_HANDLER', message, { cause: thrown }))
  return true
}
