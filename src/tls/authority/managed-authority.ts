import type { X509Certificate } from 'node:crypto'
import { ServeError } from '../../core/serve-error.ts'
import { printableJson } from '../../core/util/sanitize.ts'
import { redactText } from '../../core/util/secret.ts'
import {
  assertOurs,
  authorityLabel,
  certificateFile,
  findSigner,
  leeway,
  noteTrust,
  openSigner,
  readIfWhole,
} from './authority.ts'
import { day, systemClock } from '../clock.ts'
import { canonicalName, isPermitted, isWholeDomain, permittedDomains } from '../names.ts'
import { archiveAuthority } from './archive.ts'
import { machine } from '../trust/host.ts'
import { trustStores } from '../trust/stores.ts'
import type { TrustStore } from '../trust/types.ts'
import type { CertificateWarning, Pair } from '../types.ts'

/** Which user's authority, on which machine. */
export interface ManagedAuthorityOptions {
  readonly folder: string
  /** Home folder of the user whose programs shall trust it. */
  readonly home: string
  /** Name of that user. */
  readonly user: string
  /** As `process.platform`. */
  readonly platform: string
  readonly javaHome: string | undefined
  /** `SystemRoot` of Windows. */
  readonly systemRoot: string | undefined
  /** Returns the words of a command that runs as that user. */
  readonly asUser: (argv: readonly string[]) => readonly string[]
  readonly onWarning: (warning: CertificateWarning) => void
}

/** A local authority. */
export interface CertificateAuthority {
  /** Absolute path of its certificate, which exists after {@link make}. */
  readonly file: string
  readonly folder: string
  /**
   * The certificate, or undefined when there is no authority.
   *
   * @throws ServeError `E8008_AUTHORITY` as {@link CertificateAuthority.make} does.
   */
  read(): Promise<X509Certificate | undefined>
  /** Creates the authority when there is none. @throws ServeError `E8008_AUTHORITY` */
  make(): Promise<X509Certificate>
  /**
   * Makes room for a new authority: deletes one of ours, moves the folder of another one to a new name.
   *
   * @returns its new path, or undefined when nothing was moved.
   * @throws ServeError `E8008_AUTHORITY`
   */
  archive(): Promise<string | undefined>
  /**
   * Issues a certificate for another program.
   *
   * @param names Names and addresses that {@link isPermitted} allows.
   * @returns the certificate with its key, and the names as it spells them, without duplicates.
   * @throws ServeError `E8008_USAGE` for other names, `E8008_AUTHORITY`
   */
  certify(names: readonly string[]): Promise<Certified>
}

/** The local authority of a user, for the commands that manage it. */
export interface ManagedAuthority extends CertificateAuthority {
  /** The trust stores of this machine. */
  stores(): Promise<TrustStore[]>
  /** Lets the next server say that browsers do not trust the authority, or say nothing. */
  noteTrust(isTrusted: boolean): void
}

/** A certificate for another program. */
export interface Certified extends Pair {
  readonly names: readonly string[]
}

/** Milliseconds that a certificate for another program is valid: the most that browsers accept, as it is not renewed. */
const lifetime = 396 * day

/** Opens the local authority in a folder. Reads and creates nothing yet. */
export function openAuthority({
  folder,
  onWarning,
}: Pick<ManagedAuthorityOptions, 'folder' | 'onWarning'>): CertificateAuthority {
  const open = () => openSigner({ folder, clock: systemClock, onWarning })
  return {
    file: certificateFile(folder),
    folder,
    read: async () => (await findSigner({ folder, clock: systemClock }))?.certificate,
    make: async () => (await open()).certificate,
    archive: () => archiveAuthority(folder),
    async certify(names) {
      const canonical = [...new Set(names.map(permittedName))]
      const signer = await open()
      const { issueLeaf } = await import('../issue/issue.ts')
      const now = Date.now()
      const end = Math.min(now + lifetime, Date.parse(signer.certificate.validTo))
      const term = { notBefore: new Date(now - leeway), notAfter: new Date(end) }
      return { ...issueLeaf(canonical, signer, term), names: canonical }
    },
  }
}

/** Opens the local authority of a user. */
export function manageAuthority(options: ManagedAuthorityOptions): ManagedAuthority {
  const authority = openAuthority(options)
  return {
    ...authority,
    noteTrust: (isTrusted) => noteTrust(options.folder, isTrusted),
    async stores() {
      // A damaged authority can still be removed from the stores. One that we did not make is left alone.
      const certificate = await readIfOurs(options.folder)
      const subject = {
        file: authority.file,
        cert: certificate?.toString(),
        fingerprint: certificate?.fingerprint.replaceAll(':', ''),
        label: authorityLabel(),
        alias: `serve8008-${options.user.replace(/[^\w.-]/g, '_')}`,
      }
      return trustStores(machine(options, options.asUser), subject, options.systemRoot)
    },
  }
}

async function readIfOurs(folder: string): Promise<X509Certificate | undefined> {
  const certificate = readIfWhole(folder)
  if (certificate === undefined) return undefined
  return assertOurs(certificate, folder).then(
    () => certificate,
    () => undefined,
  )
}

function permittedName(text: string): string {
  const name = canonicalName(text)
  if (name === undefined) {
    throw new ServeError(
      'E8008_USAGE',
      `${printableJson(redactText(text))} is neither a host name nor an IP address.`,
      {
        hint: 'use names such as app.localhost or 192.168.1.5',
      },
    )
  }
  if (isPermitted(name)) return name
  if (isWholeDomain(name) && isPermitted(name.slice(2))) {
    const app = `app${name.slice(1)}`
    throw new ServeError(
      'E8008_USAGE',
      `Browsers and other clients refuse a certificate for ${name}: the star is for a whole domain.`,
      {
        hint: `serve8008 cert ${app} "*.${app}"`,
      },
    )
  }
  const domains = permittedDomains.map((domain) => (domain.includes('.') ? domain : `.${domain}`)).join(', ')
  throw new ServeError(
    'E8008_USAGE',
    `The local authority cannot sign ${name}: it signs local names and private addresses only.`,
    {
      hint: `a name below ${domains}, or a private address`,
    },
  )
}
