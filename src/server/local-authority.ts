import { resolve } from 'node:path'
import { isPlainObject } from '../config/plain-object.ts'
import { quote } from '../config/diagnostic.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'

/** Which local authority to use. */
export interface LocalAuthorityOptions {
  /**
   * Folder of the authority, as `authorityFolder` of {@link createServer} names it. Default: the user's own, outside of
   * any project.
   */
  readonly folder?: string | undefined
  /**
   * Environment variables that move the user's folder: `XDG_DATA_HOME`, and `LOCALAPPDATA` on Windows. With `process.env`
   * it is the folder that the command uses. Default: none.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Called with warnings: the authority expires soon, or other users could have read its key. */
  readonly onWarning?: ((warning: Warning) => void) | undefined
}

/** The local authority, which makes the certificates for HTTPS on this machine. */
export interface LocalAuthority {
  /** Absolute path of its certificate (PEM): what `NODE_EXTRA_CA_CERTS`, `curl --cacert` and others take. */
  readonly path: string
  /** Its certificate in PEM: what `ca` of `https.request`, `tls.connect` and of an agent takes. */
  readonly certificate: string
  /** When it expires. */
  readonly expires: Date
  /** Absolute path of its folder: what `authorityFolder` of {@link createServer} takes. */
  readonly folder: string
  /**
   * Makes a certificate for another server, such as Vite's or one of `node:https`. It is valid for 396 days.
   *
   * @param names names below `.localhost`, `.local`, `.test`, `.internal` and `.home.arpa`, and private addresses
   * @returns certificate and key, both PEM
   * @throws ServeError `E8008_USAGE` for other names, `E8008_AUTHORITY`
   */
  certify(names: readonly string[]): Promise<{ readonly cert: string; readonly key: string }>
}

/**
 * Opens the local authority, as `serve8008 trust --ca` does, and creates it where there is none. It changes no trust store.
 *
 * @throws ServeError `E8008_AUTHORITY` where it is damaged, expired, made by another program, or cannot be read or written.
 * @example
 * const { certificate, path } = await localAuthority()
 * https.get('https://localhost:8443/', { ca: certificate }, (response) => response.pipe(process.stdout))
 * spawn('node', ['client.js'], { env: { ...process.env, NODE_EXTRA_CA_CERTS: path } })
 */
export async function localAuthority(options: LocalAuthorityOptions = {}): Promise<LocalAuthority> {
  checkOptions(options)
  const { env = {}, onWarning = () => {} } = options
  // Loaded late: most programs need no certificates.
  const { authorityFolder, openAuthority } = await import('../tls/tls.ts')
  const folder = resolve(options.folder ?? authorityFolder({ env }))
  const authority = openAuthority({ folder, onWarning })
  const certificate = await authority.make()
  return {
    path: authority.file,
    folder,
    certificate: certificate.toString(),
    expires: new Date(certificate.validTo),
    async certify(names) {
      checkNames(names)
      const { cert, key } = await authority.certify(names)
      return { cert, key }
    },
  }
}

/** Callers may be untyped. @throws ServeError `E8008_CONFIG_INVALID` */
function checkOptions(options: unknown): void {
  if (!isPlainObject(options)) {
    throw invalid(`localAuthority() takes { folder, env, onWarning }, and got ${quote(options)}.`)
  }
  const { folder, env, onWarning } = options
  if (folder !== undefined && (typeof folder !== 'string' || folder === '')) {
    throw invalid(`localAuthority() takes the path of a folder as folder, and got ${quote(folder)}.`)
  }
  if (env !== undefined && (typeof env !== 'object' || env === null)) {
    throw invalid(`localAuthority() takes an object of variables as env, and got ${quote(env)}.`)
  }
  if (onWarning !== undefined && typeof onWarning !== 'function') {
    throw invalid(`localAuthority() takes a function as onWarning, and got ${quote(onWarning)}.`)
  }
}

function checkNames(names: unknown): void {
  if (Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string')) return
  throw invalid(`certify() takes a list of names, and got ${quote(names)}.`, "write certify(['app.localhost'])")
}

function invalid(message: string, hint?: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
