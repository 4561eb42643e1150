import { clockTime, isoNow } from '../../core/util/log-format.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import type { OutputOptions } from '../output/reporter.ts'
import { displayPath } from '../output/display.ts'

/** `12:00:09  certificate my.crt replaced`: files of the user's own that clients are shown from now on; empty when quiet. */
export function certificateLine(
  files: readonly string[],
  { quiet, json }: Pick<OutputOptions, 'quiet' | 'json'>,
  cwd: string,
): string {
  if (quiet) return ''
  if (json) return `${printableJson({ certificate: { time: isoNow(), files } })}\n`
  const [file = ''] = files
  const name = displayPath(file, cwd).replace(/^\.[/\\]/, '')
  return `${clockTime(Date.now())}  certificate ${printable(name)} replaced\n`
}
