import { createHash, type X509Certificate } from 'node:crypto'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, replaceFile } from '../../core/util/owned-file.ts'
import { closeAuthority, leeway, openSigner, readIfWhole, type AuthorityFolder } from '../authority/authority.ts'
import { day } from '../clock.ts'
import { certificateNames } from '../names.ts'
import { certificatesIn, privateKeyIn, privateKeyText } from '../pem.ts'
import { readIfThere, secretMode } from '../authority/authority-store.ts'
import type { Pair } from '../types.ts'

/** A certificate of the local authority with its key. */
export interface Leaf extends Pair {
  /** When it must be renewed, in milliseconds since 1970: at two thirds of its life. */
  readonly renewAt: number
}

/** Milliseconds that a certificate is valid. Browsers accept 397 days; shorter is safer, and renewal costs nothing. */
const lifetime = 60 * day
/** Certificates that stay on disk when the folder is pruned. */
const maxKept = 200
/** Certificates that are written between two prunings. */
const pruneEvery = 50

/** Issues certificates for names, or finds those of an earlier start. */
export interface CertificateCache {
  /**
   * A certificate for exactly these names, which {@link isPermitted} must allow.
   *
   * @throws ServeError `E8008_AUTHORITY`
   */
  leafFor(names: readonly string[]): Promise<Leaf>
}

/** Opens the cache below the authority's folder. */
export function openCertificateCache(place: AuthorityFolder): CertificateCache {
  const folder = join(place.folder, 'leaves')
  let authority: X509Certificate | undefined
  let kept = 0

  async function mint(names: readonly string[], file: string): Promise<Leaf> {
    // Reads the key each time, so that it does not stay in the memory of a server.
    const signer = await openSigner(place)
    authority = signer.certificate
    const { issueLeaf } = await import('./issue.ts')
    const now = place.clock.now()
    const end = Math.min(now + lifetime, Date.parse(signer.certificate.validTo))
    const pair = issueLeaf(names, signer, { notBefore: new Date(now - leeway), notAfter: new Date(end) })
    keep(file, pair)
    return { ...pair, renewAt: renewalTime(now, end) }
  }

  /** If this fails, the next start issues another certificate. */
  function keep(file: string, { cert, key }: Pair): void {
    try {
      makeFolder(folder)
      replaceFile(file, cert + key, secretMode)
      if (kept++ % pruneEvery === 0) prune(folder, place.clock.now())
    } catch {
      // Without the cache the server still has its certificate.
    }
  }

  return {
    async leafFor(names) {
      if (authority === undefined) {
        closeAuthority(place)
        authority = readIfWhole(place.folder)
      }
      const file = join(folder, `${createHash('sha256').update(names.join(' ')).digest('hex').slice(0, 32)}.pem`)
      const known = authority === undefined ? undefined : readLeaf(file, names, authority, place.clock.now())
      return known ?? mint(names, file)
    },
  }
}

/** Returns undefined for a certificate that is damaged, not ours, for other names or due for renewal: issuing is cheap. */
function readLeaf(file: string, names: readonly string[], authority: X509Certificate, now: number): Leaf | undefined {
  try {
    const text = readIfThere(file)
    const [certificate] = text === undefined ? [] : certificatesIn(text)
    const key = text === undefined ? undefined : privateKeyIn(text)
    if (text === undefined || certificate === undefined || key === undefined) return undefined
    const [start, end] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
    const renewAt = renewalTime(start + leeway, end)
    const isFresh = start <= now && now < renewAt
    const isOurs = certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
    const isWhole =
      certificate.checkPrivateKey(key) && certificateNames(certificate.subjectAltName).join(' ') === names.join(' ')
    if (!isFresh || !isOurs || !isWhole) return undefined
    return { cert: certificate.toString(), key: privateKeyText(text) as string, renewAt }
  } catch {
    return undefined
  }
}

function renewalTime(start: number, end: number): number {
  return end - (end - start) / 3
}

/** Removes expired certificates, half-written files of a crash, and the oldest certificates above {@link maxKept}. */
function prune(folder: string, now: number): void {
  const files = readdirSync(folder).flatMap((name) => {
    const file = join(folder, name)
    const stats = statSync(file, { throwIfNoEntry: false })
    return stats === undefined ? [] : [{ file, age: now - stats.mtimeMs, isPart: name.endsWith('.tmp') }]
  })
  const sorted = files.toSorted((a, b) => a.age - b.age)
  for (const [index, { file, age, isPart }] of sorted.entries()) {
    if (index >= maxKept || age > lifetime || (isPart && age > day)) rmSync(file, { force: true })
  }
}
