import { createHash, type X509Certificate } from 'node:crypto'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, replaceFile } from '../../core/util/owned-file.ts'
import { closeAuthority, leeway, openSigner, readIfWhole, type Place } from '../authority/authority.ts'
import { day } from '../clock.ts'
import { namesOf } from '../names.ts'
import { certificatesIn, privateKeyIn, privateKeyText } from '../pem.ts'
import { readIfThere, secretMode } from '../authority/authority-store.ts'
import type { Pair } from '../types.ts'

/** A certificate of the local authority with its key. */
export interface Leaf extends Pair {
  /** When it has to be made again, in milliseconds since 1970: at two thirds of its life. */
  readonly renewAt: number
}

/** Milliseconds that a certificate holds. Browsers accept 397 days; shorter is safer, and renewing costs nothing. */
const lifetime = 60 * day
/** Certificates of further names that are kept on disk, */
const maxKept = 200
/** and how many more may come before they are counted again. */
const pruneEvery = 50

/** Makes certificates for names, or finds those that an earlier start made. */
export interface LeafStore {
  /**
   * A certificate for exactly these names, which {@link isPermitted} must allow.
   *
   * @throws ServeError `E8008_AUTHORITY`
   */
  leafFor(names: readonly string[]): Promise<Leaf>
}

/** Opens the store below the authority's folder. */
export function openLeafStore(place: Place): LeafStore {
  const folder = join(place.folder, 'leaves')
  let authority: X509Certificate | undefined
  let kept = 0

  async function mint(names: readonly string[], file: string): Promise<Leaf> {
    // The key is read each time: it need not lie in the memory of a server.
    const signer = await openSigner(place)
    authority = signer.certificate
    const { mintLeaf } = await import('./issue.ts')
    const now = place.clock.now()
    const end = Math.min(now + lifetime, Date.parse(signer.certificate.validTo))
    const pair = mintLeaf(names, signer, { notBefore: new Date(now - leeway), notAfter: new Date(end) })
    keep(file, pair)
    return { ...pair, renewAt: renewalTime(now, end) }
  }

  /** Where it cannot be kept the next start makes another one. */
  function keep(file: string, { cert, key }: Pair): void {
    try {
      makeFolder(folder)
      replaceFile(file, cert + key, secretMode)
      if (kept++ % pruneEvery === 0) prune(folder, place.clock.now())
    } catch {
      // The authority can be read, and that is enough to go on.
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

/** What is not whole, not ours, for other names or near its end counts as not there: another is made at no cost. */
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
      certificate.checkPrivateKey(key) && namesOf(certificate.subjectAltName).join(' ') === names.join(' ')
    if (!isFresh || !isOurs || !isWhole) return undefined
    return { cert: certificate.toString(), key: privateKeyText(text) as string, renewAt }
  } catch {
    return undefined
  }
}

function renewalTime(start: number, end: number): number {
  return end - (end - start) / 3
}

/** Removes what has expired, what a process left half-written, and the oldest of more than are worth keeping. */
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
