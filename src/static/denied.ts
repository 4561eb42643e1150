/** Keys, certificates' private halves and password stores, by extension; compressed ones too. */
const keys = /\.(?:pem|key|p8|pk8|p12|pfx|pkcs12|jks|keystore|ppk|kdbx)(?:\.(?:br|gz|zst))?$/

/** Private keys of SSH, with whatever was appended to their names. */
const sshKeys = /^id_(?:rsa|dsa|ecdsa|ed25519)/

/** Dotfiles and folders whose content is a credential. */
const credentials =
  /^\.(?:env.*|npmrc|yarnrc(?:\.yml)?|pypirc|netrc|pgpass|my\.cnf|htpasswd|git-credentials|dockercfg|docker|ssh|gnupg|aws|azure|kube)$/

/** Environments by extension, such as `production.env`; compressed ones too. */
const environments = /\.env(?:\.(?:br|gz|zst))?$/

/** Our own settings, which may hold a password, also where this run does not read them. */
const settings = /^serve8008\.config\.(?:[cm]?[jt]s|json)$/

/** Databases and their journals. */
const databases = /\.sqlite3?(?:-(?:wal|shm|journal))?(?:\.(?:br|gz|zst))?$/

/** What editors and people leave beside a file, with its former content. */
const backups = /(?:~|\.(?:bak|old|orig|sw[a-p])|^#.*#)$/

/** Stores of package managers below `node_modules`, where the links to packages end. */
const packageStores: ReadonlySet<string> = new Set(['.pnpm', '.store', '.bun', '.deno'])

/**
 * Whether a file or folder is kept from every client: plain 404, and no line in a listing. Names are
 * compared without case, since the disk may be case-blind.
 *
 * Always: key material (`*.pem`, `*.key`, `*.p12`, `*.pfx`, …, `id_rsa*`), credentials (`.env*`,
 * `.npmrc`, `.netrc`, `.htpasswd`, `.ssh`, `.aws`, …), `serve8008.config.*`, databases (`*.sqlite`) and backups (`*~`,
 * `*.bak`, `*.swp`). Unless `dotfiles`: every other name that starts with a dot, except
 * `.well-known` (RFC 8615) and the package stores directly below `node_modules`.
 *
 * @param names Path below the served folder, name by name.
 * @param dotfiles Whether ordinary dotfiles are served.
 */
export function isDenied(names: readonly string[], dotfiles: boolean): boolean {
  return denialOf(names, dotfiles) !== undefined
}

/** Why {@link isDenied} says so, for the log of the one who runs the server; undefined where it does not. */
export function denialOf(names: readonly string[], dotfiles: boolean): string | undefined {
  for (const [depth, name] of names.entries()) {
    const secret = secretOf(name)
    if (secret !== undefined) return `${secret}, never served`
    if (!dotfiles && isHidden(name, names[depth - 1])) return 'dotfile (--dotfiles)'
  }
  return undefined
}

const secrets: readonly (readonly [what: string, names: RegExp])[] = [
  ['private key', keys],
  ['private key', sshKeys],
  ['credentials', credentials],
  ['credentials', environments],
  ['settings of serve8008', settings],
  ['database', databases],
  ['backup', backups],
]

function secretOf(name: string): string | undefined {
  const lower = name.toLowerCase()
  return secrets.find(([, names]) => names.test(lower))?.[0]
}

function isHidden(name: string, folder: string | undefined): boolean {
  if (!name.startsWith('.') || name.toLowerCase() === '.well-known') return false
  return !(folder === 'node_modules' && packageStores.has(name))
}
