import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ServeError } from '../errors/serve-error.ts'
import { printable, printableJson } from '../util/sanitize.ts'
import type { Command } from './command.ts'
import { openAuthority } from './open-authority.ts'
import { displayPath } from './paths.ts'
import type { Program } from './program.ts'
import type { Report } from './report.ts'

/**
 * `serve8008 cert names… [--out DIR]`: writes a certificate of the local authority for another program, `NAME.pem` and
 * `NAME-key.pem`. Files that it wrote before are renewed, others are never overwritten.
 *
 * @throws ServeError `E8008_USAGE` for names that it cannot vouch for or files that are others', `E8008_AUTHORITY`
 */
export async function cert(command: Command, program: Program, report: Report): Promise<number> {
  const { words, json, quiet, authority: said } = command
  const [first] = words
  if (first === undefined) {
    throw new ServeError('E8008_USAGE', 'A certificate for which names?', { hint: 'serve8008 cert app.localhost' })
  }
  const { authority } = openAuthority(program, report)
  const { cert: certificate, key } = await authority.certify(words)
  const folder = resolve(program.cwd, said?.out ?? '.')
  const more = words.length === 1 ? '' : `+${words.length - 1}`
  const base = first.replace(/^\*/, '_wildcard').replace(/[^\w.-]/g, '_') + more
  const files = { cert: join(folder, `${base}.pem`), key: join(folder, `${base}-key.pem`) }
  const issuer = authority.read()
  if (!isRenewable(files.cert, issuer) || (!isFree(files.key) && isFree(files.cert))) {
    throw new ServeError(
      'E8008_USAGE',
      `${displayPath(files.cert, program.cwd)} is not one of ours; it stays as it is.`,
      {
        hint: 'serve8008 cert --out another folder',
      },
    )
  }
  try {
    mkdirSync(folder, { recursive: true })
    replace(files.key, key, 0o600)
    replace(files.cert, certificate, 0o644)
  } catch (cause) {
    const message = `The certificate cannot be written to ${displayPath(folder, program.cwd)}.`
    throw new ServeError('E8008_USAGE', message, { hint: 'serve8008 cert --out another folder', cause })
  }
  const expires = new Date(new X509Certificate(certificate).validTo)
  if (json) report.print(`${printableJson({ ...files, ca: authority.file, expires: expires.toISOString() })}\n`)
  else if (!quiet) {
    const shown = (file: string): string => printable(displayPath(file, program.cwd))
    report.print(
      `Certificate   ${shown(files.cert)}\nKey           ${shown(files.key)}\n` +
        `Authority     ${printable(authority.file)}\nUntil         ${expires.toISOString().slice(0, 10)}\n`,
    )
  }
  return 0
}

function isFree(file: string): boolean {
  return textOf(file) === undefined
}

function isRenewable(file: string, issuer: X509Certificate | undefined): boolean {
  const text = textOf(file)
  if (text === undefined) return true
  try {
    return issuer !== undefined && new X509Certificate(text).checkIssued(issuer)
  } catch {
    return false
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return ''
  }
}

/** As a whole, so that a program that follows the file reads no half. */
function replace(file: string, text: string, mode: number): void {
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, text, { mode, flag: 'wx' })
  renameSync(temporary, file)
}
