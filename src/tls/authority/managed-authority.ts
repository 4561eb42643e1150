import type { X509Certificate } from 'node:crypto'
import { ServeError } from '../../core/serve-error.ts'
import { printableJson } from '../../core/util/sanitize.ts'
import {
  assertOurs,
  authorityLabel,
  certificateFile,
  findSigner,
  leeway,
  openSigner,
  readIfWhole,
} from './authority.ts'
import { day, systemClock } from '../clock.ts'
import { canonicalName, isPermitted, isWholeDomain, permittedDomains } from '../names.ts'
import { setAside } from './archive.ts'
import { machine } from '../trust/host.ts'
import { trustStores } from '../trust/stores.ts'
import type { TrustStore } from '../trust/types.ts'
import type { CertificateWarning, Pair } from '../types.ts'

/** Whose authority, and on which machine. */
export interface ManagedAuthorityOptions {
  readonly folder: string
  /** Home folder of the user whose programs are to trust it. */
  readonly home: string
  /** Name of that user. */
  readonly user: string
  /** As `process.platform`. */
  readonly platform: string
  readonly javaHome: string | undefined
  /** `SystemRoot` of Windows. */
  readonly systemRoot: string | undefined
  /** How a command is run as that user. */
  readonly asUser: (argv: readonly string[]) => readonly string[]
  readonly onWarning: (warning: CertificateWarning) => void
}

/** A local authority by itself. */
export interface Authority {
  /** Absolute path of its certificate, which is there after {@link make}. */
  readonly file: string
  readonly folder: string
  /**
   * The certificate, or undefined where there is no authority.
   *
   * @throws ServeError `E8008_AUTHORITY` as {@link Authority.make} does.
   */
  read(): Promise<X509Certificate | undefined>
  /** Makes it where there is none. @throws ServeError `E8008_AUTHORITY` */
  make(): Promise<X509Certificate>
  /**
   * Makes room for a new one: deletes ours, moves another beside its place.
   *
   * @returns where that is now, or undefined where nothing was moved.
   * @throws ServeError `E8008_AUTHORITY`
   */
  setAside(): Promise<string | undefined>
  /**
   * A certificate for other programs.
   *
   * @param names Names and addresses, for which it may vouch.
   * @returns it with its key, and the names as it spells them, each once.
   * @throws ServeError `E8008_USAGE` for other names, `E8008_AUTHORITY`
   */
  certify(names: readonly string[]): Promise<Certified>
}

/** The local authority of a user, for the commands that look after it. */
export interface ManagedAuthority extends Authority {
  /** The stores of this machine that may trust it. */
  stores(): Promise<TrustStore[]>
}

/** A certificate for other programs. */
export interface Certified extends Pair {
  readonly names: readonly string[]
}

/** Milliseconds that a certificate for another program holds: the most that browsers take, as nobody renews it. */
const lifetime = 396 * day

/** Opens the local authority in a folder. Nothing is read or made yet. */
export function openAuthority({ folder, onWarning }: Pick<ManagedAuthorityOptions, 'folder' | 'onWarning'>): Authority {
  const open = () => openSigner({ folder, clock: systemClock, onWarning })
  return {
    file: certificateFile(folder),
    folder,
    read: async () => (await findSigner({ folder, clock: systemClock }))?.certificate,
    make: async () => (await open()).certificate,
    setAside: () => setAside(folder),
    async certify(names) {
      const canonical = [...new Set(names.map(permittedName))]
      const signer = await open()
      const { mintLeaf } = await import('../issue/issue.ts')
      const now = Date.now()
      const end = Math.min(now + lifetime, Date.parse(signer.certificate.validTo))
      const term = { notBefore: new Date(now - leeway), notAfter: new Date(end) }
      return { ...mintLeaf(canonical, signer, term), names: canonical }
    },
  }
}

/** Opens the local authority of a user. */
export function manageAuthority(options: ManagedAuthorityOptions): ManagedAuthority {
  const authority = openAuthority(options)
  return {
    ...authority,
    async stores() {
      // A damaged authority can still be taken out of the stores. One that is not of our making is none of our business.
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
    throw new ServeError('E8008_USAGE', `${printableJson(text)} is neither a host name nor an IP address.`, {
      hint: 'serve8008 cert app.localhost 192.168.1.5',
    })
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
