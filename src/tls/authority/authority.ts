import type { X509Certificate } from 'node:crypto'
import { existsSync, rmSync, unlinkSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { makeFolder, replaceFile } from '../../core/util/owned-file.ts'
import { damaged, expired, foreign, keyless, misplaced, renewal, unreadable, unwritable } from './errors.ts'
import { day, type Clock } from '../clock.ts'
import { certificatesIn, privateKeyIn, privateKeyText } from '../pem.ts'
import { closeToOthers, faultOfOwner, publicMode, publishFirst, readIfThere, secretMode } from './authority-store.ts'
import type { CertificateWarning, Pair } from '../types.ts'

/** The folder of a local authority, and where its warnings go. */
export interface AuthorityFolder {
  readonly folder: string
  readonly clock: Clock
  readonly onWarning: (warning: CertificateWarning) => void
  /** Called when a new authority is created, which no client trusts yet. */
  readonly onMade?: () => void
}

/** A local authority that can sign. */
export interface Signer extends Pair {
  readonly certificate: X509Certificate
}

/** Ten years: re-trusting needs user action. */
const lifetime = 3652 * day
/** Certificates start so much earlier: the clock of a client may be behind. */
export const leeway: number = day
/** So long before its end a warning says that the authority expires. */
const notice = 60 * day

/** The certificate of the authority, for trust stores. */
export function certificateFile(folder: string): string {
  return join(folder, 'authority.pem')
}

/** The certificate and its key in one file, so that they always match. */
export function keyFile(folder: string): string {
  return join(folder, 'authority-key.pem')
}

/** Its presence lets the next server warn that browsers do not trust the authority. */
function noticeFile(folder: string): string {
  return join(folder, 'untrusted')
}

/** Notes for the next server whether browsers trust the authority. A note that cannot be written costs one warning. */
export function noteTrust(folder: string, isTrusted: boolean): void {
  try {
    if (!existsSync(folder) || faultOfOwner(folder) !== undefined) return
    if (isTrusted) rmSync(noticeFile(folder), { force: true })
    else replaceFile(noticeFile(folder), '', publicMode)
  } catch {
    // As above.
  }
}

/** Removes the note, and returns whether there was one. */
export function takeNotice(folder: string): boolean {
  try {
    unlinkSync(noticeFile(folder))
    return true
  } catch {
    return false
  }
}

/**
 * The certificate of the authority, without its key, or undefined when there is none.
 *
 * @throws ServeError `E8008_AUTHORITY` for a file that is damaged or unreadable.
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

/** Like {@link readAuthority}, but undefined also when the file is damaged: the file with the key restores it. */
export function readIfWhole(folder: string): X509Certificate | undefined {
  try {
    return readAuthority(folder)
  } catch {
    return undefined
  }
}

/**
 * The authority with its key. Creates it when there is none; several processes at once get the same one.
 *
 * @throws ServeError `E8008_AUTHORITY` for an authority that is damaged, expired, incomplete, not made by us, not this
 *   user's, or cannot be read or written.
 */
export async function openSigner(place: AuthorityFolder): Promise<Signer> {
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
 * Like {@link openSigner}, but undefined when there is none. Creates and changes nothing, and warns of nothing.
 *
 * @throws ServeError `E8008_AUTHORITY` as {@link openSigner}
 */
export async function findSigner(place: Pick<AuthorityFolder, 'folder' | 'clock'>): Promise<Signer | undefined> {
  const { folder } = place
  const file = keyFile(folder)
  for (const path of [folder, file, certificateFile(folder)]) {
    const fault = reading(path, () => faultOfOwner(path))
    if (fault !== undefined) throw misplaced(path, fault)
  }
  // The key is written first, so a certificate without a key is not an authority in the making.
  const isKnown = existsSync(certificateFile(folder))
  const text = reading(file, () => readIfThere(file))
  if (text !== undefined) return checked(text, place)
  if (isKnown) throw keyless(folder)
  return undefined
}

async function checked(text: string, { folder, clock }: Pick<AuthorityFolder, 'folder' | 'clock'>): Promise<Signer> {
  const signer = readSigner(text, keyFile(folder), folder)
  await assertOurs(signer.certificate, folder)
  if (Date.parse(signer.certificate.validTo) <= clock.now()) throw expired(signer.certificate, folder)
  return signer
}

/** @throws ServeError `E8008_AUTHORITY` for an authority that can sign more than ours. */
export async function assertOurs(certificate: X509Certificate, folder: string): Promise<void> {
  // Loaded late, with the ASN.1 library.
  const { faultOfAuthority } = await import('./limits.ts')
  const fault = faultOfAuthority(certificate)
  if (fault !== undefined) throw foreign(fault, folder)
}

async function makeAuthority({ folder, clock, onMade }: AuthorityFolder): Promise<string> {
  // Loaded late: most starts find the certificates of an earlier one.
  const { issueAuthority } = await import('../issue/issue.ts')
  const term = { notBefore: new Date(clock.now() - leeway), notAfter: new Date(clock.now() + lifetime) }
  const { cert, key } = issueAuthority(authorityLabel(), term)
  return writing(folder, () => {
    makeFolder(folder)
    const file = keyFile(folder)
    const text = `${cert}${key}`
    if (!publishFirst(file, text, secretMode)) return readIfThere(file) ?? text
    onMade?.()
    return text
  })
}

/** The common name of the authority, as trust stores list it: its user and machine, at most 64 characters. */
export function authorityLabel(): string {
  let user = 'user'
  try {
    user = userInfo().username
  } catch {
    // A user id without a name, as in containers.
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

/** Removes the permissions of other users from the folder and the key, and warns if there were any. */
export function closeAuthority({ folder, onWarning }: AuthorityFolder): void {
  let wasOpen = false
  let now = 'now they cannot'
  for (const path of [folder, keyFile(folder)]) {
    try {
      if (closeToOthers(path)) wasOpen = true
    } catch (error) {
      // It does not exist, or it is a link, which is never used.
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
