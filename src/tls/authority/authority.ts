import type { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { makeFolder, replaceFile } from '../../core/util/owned-file.ts'
import { damaged, expired, foreign, keyless, misplaced, renewal, unreadable, unwritable } from './errors.ts'
import { day } from '../clock.ts'
import { certificatesIn, privateKeyIn, privateKeyText } from '../pem.ts'
import { closeToOthers, faultOfOwner, publicMode, publishFirst, readIfThere, secretMode } from './authority-store.ts'
import type { CertificateWarning, Clock, Pair } from '../types.ts'

/** The folder of a local authority, and what is told about it. */
export interface Place {
  readonly folder: string
  readonly clock: Clock
  readonly onWarning: (warning: CertificateWarning) => void
  /** A new authority was made there, which no client trusts yet. */
  readonly onMade?: () => void
}

/** A local authority that can sign. */
export interface Signer extends Pair {
  readonly certificate: X509Certificate
}

/** Ten years: to trust it again is the user's work. */
const lifetime = 3652 * day
/** The clock of this machine, or of another one that trusts the authority, may be behind. */
export const leeway: number = day
/** So long before its end the authority says so. */
const notice = 60 * day

/** The certificate of the authority, which other programs may be told to trust. */
export function certificateFile(folder: string): string {
  return join(folder, 'authority.pem')
}

/** The certificate once more with its key: one file, so that the two always fit. */
export function keyFile(folder: string): string {
  return join(folder, 'authority-key.pem')
}

/**
 * The certificate of the authority, without its key, or undefined where there is none yet.
 *
 * @throws ServeError `E8008_AUTHORITY` for a file that is damaged or may not be read.
 */
export function readAuthority(folder: string): X509Certificate | undefined {
  const file = certificateFile(folder)
  const text = reading(file, () => readIfThere(file))
  if (text === undefined) return undefined
  try {
    const [certificate] = certificatesIn(text)
    if (certificate?.ca === true) return certificate
  } catch (cause) {
    throw damaged(file, folder, cause)
  }
  throw damaged(file, folder)
}

/** The same, but undefined also where it is damaged: with the key the certificate is made again. */
export function readIfWhole(folder: string): X509Certificate | undefined {
  try {
    return readAuthority(folder)
  } catch {
    return undefined
  }
}

/**
 * The authority with its key; made where there is none. Several processes at once come to the same one.
 *
 * @throws ServeError `E8008_AUTHORITY` where it is damaged, expired, incomplete, not of our making, not this user's, or
 *   cannot be read or written.
 */
export async function openSigner(place: Place): Promise<Signer> {
  const { folder, clock, onWarning } = place
  const signer = (await findSigner(place)) ?? (await checked(await makeAuthority(place), place))
  closeAuthority(place)
  if (Date.parse(signer.certificate.validTo) - clock.now() < notice) {
    onWarning({
      code: 'W8008_AUTHORITY',
      message: `The local authority expires on ${signer.certificate.validTo}.`,
      hint: renewal(folder),
    })
  }
  const shown = certificateFile(folder)
  if (reading(shown, () => readIfThere(shown)) !== signer.cert) publishPublic(folder, signer.cert)
  return signer
}

/**
 * The same, but undefined where there is none, and nothing is made, changed or warned of.
 *
 * @throws ServeError `E8008_AUTHORITY` as {@link openSigner}
 */
export async function findSigner(place: Pick<Place, 'folder' | 'clock'>): Promise<Signer | undefined> {
  const { folder } = place
  const file = keyFile(folder)
  for (const path of [folder, file, certificateFile(folder)]) {
    const fault = reading(path, () => faultOfOwner(path))
    if (fault !== undefined) throw misplaced(path, fault)
  }
  // The key is published first, so a certificate without a key is not one that is being made.
  const isKnown = existsSync(certificateFile(folder))
  const text = reading(file, () => readIfThere(file))
  if (text !== undefined) return checked(text, place)
  if (isKnown) throw keyless(folder)
  return undefined
}

async function checked(text: string, { folder, clock }: Pick<Place, 'folder' | 'clock'>): Promise<Signer> {
  const signer = readSigner(text, keyFile(folder), folder)
  await assertOurs(signer.certificate, folder)
  if (Date.parse(signer.certificate.validTo) <= clock.now()) throw expired(signer.certificate, folder)
  return signer
}

/** @throws ServeError `E8008_AUTHORITY` for an authority that may vouch for more than ours. */
export async function assertOurs(certificate: X509Certificate, folder: string): Promise<void> {
  // Loaded with what makes certificates.
  const { faultOfAuthority } = await import('./limits.ts')
  const fault = faultOfAuthority(certificate)
  if (fault !== undefined) throw foreign(fault, folder)
}

async function makeAuthority({ folder, clock, onMade }: Place): Promise<string> {
  // Loaded only where something is made: most starts find all they need.
  const { mintAuthority } = await import('../issue/issue.ts')
  const term = { notBefore: new Date(clock.now() - leeway), notAfter: new Date(clock.now() + lifetime) }
  const { cert, key } = mintAuthority(authorityLabel(), term)
  return writing(folder, () => {
    makeFolder(folder)
    const file = keyFile(folder)
    const text = `${cert}${key}`
    if (!publishFirst(file, text, secretMode)) return readIfThere(file) ?? text
    onMade?.()
    return text
  })
}

/** Whose authority it is, for the lists in which people meet it. A common name has at most 64 characters. */
export function authorityLabel(): string {
  let user = 'user'
  try {
    user = userInfo().username
  } catch {
    // A user id without an entry, as containers have it.
  }
  return `serve8008 local authority (${user}@${hostname()})`.replace(/[^\x20-\x7e]/g, '_').slice(0, 64)
}

function readSigner(text: string, file: string, folder: string): Signer {
  try {
    const [certificate] = certificatesIn(text)
    const key = privateKeyIn(text)
    if (certificate?.ca === true && key !== undefined && certificate.checkPrivateKey(key)) {
      return { certificate, cert: certificate.toString(), key: privateKeyText(text) as string }
    }
  } catch (cause) {
    throw damaged(file, folder, cause)
  }
  throw damaged(file, folder)
}

/** Closes the folder and the key to others, where they are open, and says so. */
export function closeAuthority({ folder, onWarning }: Place): void {
  let wasOpen = false
  let now = 'now they cannot'
  for (const path of [folder, keyFile(folder)]) {
    try {
      if (closeToOthers(path)) wasOpen = true
    } catch (error) {
      // Where there is none there is nothing to close, and where there is a link it is not used at all.
      if (['ENOENT', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) continue
      wasOpen = true
      now = 'and its modes cannot be changed'
    }
  }
  if (!wasOpen) return
  onWarning({
    code: 'W8008_AUTHORITY',
    message: `Others could get at the local authority in ${folder}, ${now}.`,
    hint: `if others use this machine: ${renewal(folder)}`,
  })
}

function publishPublic(folder: string, cert: string): void {
  writing(folder, () => replaceFile(certificateFile(folder), cert, publicMode))
}

function reading<Value>(file: string, read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

function writing<Value>(folder: string, write: () => Value): Value {
  try {
    return write()
  } catch (cause) {
    throw unwritable(folder, cause)
  }
}
