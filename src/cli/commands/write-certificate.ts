import { X509Certificate } from 'node:crypto'
import { join, resolve } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { certificatePaths, obstacle, writeFiles } from './certificate-files.ts'
import type { Command } from '../args/command.ts'
import { openUserAuthority } from './open-authority.ts'
import { displayPath } from '../output/display.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import { commandLine } from '../args/command-line.ts'

/**
 * `serve8008 cert names… [--out DIR]`: writes a certificate of the local authority for another program, and its key.
 * The two are named after the names, joined by `+`. Files that it wrote before for the same names are renewed, others
 * are never overwritten.
 *
 * @throws ServeError `E8008_USAGE` for names that it cannot vouch for, files that are others' and folders that cannot
 *   be written; `E8008_AUTHORITY`
 */
export async function cert(command: Command, program: Program, report: Reporter): Promise<number> {
  const { words, json, quiet, values } = command
  const out = values.get('out')
  const { authority } = openUserAuthority(program, report)
  const { names, ...pair } = await authority.certify(words)
  const folder = resolve(program.cwd, Array.isArray(out) ? (out.at(-1) ?? '.') : '.')
  const shown = (path: string): string => printable(displayPath(path, program.cwd))
  const refuse = (message: string, other: string, cause?: unknown): ServeError => {
    const hint = commandLine(['cert', ...words, '--out', displayPath(other, program.cwd)])
    return new ServeError('E8008_USAGE', message, { hint, cause })
  }
  const files = certificatePaths(folder, names)
  const fault = obstacle(files, names, shown)
  if (fault !== undefined) throw refuse(fault, join(folder, 'certificates'))
  try {
    writeFiles(files, pair)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === undefined ? '' : ` (${code})`
    throw refuse(
      `The certificate cannot be written to ${shown(folder)}${why}.`,
      resolve(program.cwd, 'certificates'),
      cause,
    )
  }
  const expires = new Date(new X509Certificate(pair.cert).validTo)
  if (json) report.print(`${printableJson({ ...files, ca: authority.file, expires: expires.toISOString() })}\n`)
  else if (!quiet) {
    report.print(
      `Certificate   ${shown(files.cert)}\nKey           ${shown(files.key)}\n` +
        `Authority     ${printable(authority.file)}\nValid until   ${expires.toISOString().slice(0, 10)}\n`,
    )
  }
  return 0
}
