import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFolder, replaceFile } from '../../core/util/owned-file.ts'

/** Absolute paths of a certificate and its key, both PEM. */
export interface WrittenCertificate {
  readonly cert: string
  readonly key: string
}

/** Longest name that is put together of the names of hosts, in characters. */
const longest = 120

/** Where the certificate for some names is put: files named after all of them, so that two certificates never share one. */
export function certificatePaths(folder: string, names: readonly string[]): WrittenCertificate {
  const full = names.map((name) => name.replace('*', '_wildcard').replace(/[^\w.-]/g, '_')).join('+')
  const hash = createHash('sha256').update(names.join(' ')).digest('hex').slice(0, 8)
  const base = full.length > longest ? `${full.slice(0, longest)}-${hash}` : full
  return { cert: join(folder, `${base}.pem`), key: join(folder, `${base}-key.pem`) }
}

/** Why a pair must not be written over what is there, as a sentence, or undefined. `shown` words a path. */
export function obstacle(
  { cert, key }: WrittenCertificate,
  names: readonly string[],
  shown: (path: string) => string,
): string | undefined {
  const [certText, keyText] = [textOf(cert), textOf(key)]
  const isNotOurs = (path: string): string =>
    `${shown(path)} was not written by serve8008 cert, so it is not overwritten.`
  if (certText === undefined) return keyText === undefined ? undefined : isNotOurs(key)
  const certificate = ourCertificate(certText)
  if (certificate === undefined) return isNotOurs(cert)
  const held = (certificate.subjectAltName ?? '').split(', ').map((entry) => entry.replace(/^[^:]*:/, ''))
  if (!isSameNames(held, names))
    return `${shown(cert)} is a certificate for ${held.join(' ')}, so it is not overwritten.`
  if (keyText !== undefined && !fits(keyText, certificate)) return isNotOurs(key)
  return undefined
}

/** Writes a pair, the key for its owner only. Under sudo both belong to the owner of the folder, who could not read them otherwise. */
export function writeFiles(files: WrittenCertificate, pair: { readonly cert: string; readonly key: string }): void {
  makeFolder(dirname(files.cert), 0o777)
  replaceFile(files.key, pair.key, 0o600)
  replaceFile(files.cert, pair.cert, 0o644)
}

/** The text of a file, empty if it is not a file, undefined if it does not exist. */
function textOf(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : ''
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') ? undefined : ''
  }
}

/** A certificate that this command wrote, possibly by an authority that no longer exists. */
function ourCertificate(text: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(text)
    const isOurs =
      certificate.subject === 'O=serve8008 local certificate' && certificate.issuer.startsWith('O=serve8008\n')
    return isOurs ? certificate : undefined
  } catch {
    return undefined
  }
}

function fits(keyText: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyText))
  } catch {
    return false
  }
}

/** Addresses of IPv6 are written out in a certificate, so they are compared by their bytes. */
function isSameNames(held: readonly string[], names: readonly string[]): boolean {
  return held.length === names.length && names.every((name, i) => spelled(name) === spelled(held[i] ?? ''))
}

function spelled(name: string): string {
  if (!name.includes(':')) return name.toLowerCase()
  return URL.canParse(`http://[${name}]/`) ? new URL(`http://[${name}]/`).hostname : name
}
