import { basename, join } from 'node:path'
import type { Host, Step, Subject, TrustStore } from './types.ts'

const advice =
  'certutil is missing: apt install libnss3-tools, dnf install nss-tools, pacman -S nss, or zypper install mozilla-nss-tools'

/** Folders of Firefox as a package, a snap and a flatpak. Each holds a folder for every profile. */
const firefoxFolders = [
  '.mozilla/firefox',
  '.config/mozilla/firefox',
  'snap/firefox/common/.mozilla/firefox',
  '.var/app/org.mozilla.firefox/.mozilla/firefox',
  '.var/app/org.mozilla.firefox/config/mozilla/firefox',
]

/** The database of Chromium, Chrome, Edge, Brave and others, and its path in newer versions if the first does not exist. */
const chromiumFolders = ['.pki/nssdb', '.local/share/pki/nssdb'] as const

/** Programs that use the first of these databases. */
const chromiums = [
  ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'brave-browser', 'microsoft-edge'],
  ...['microsoft-edge-stable', 'vivaldi', 'opera'],
].map((name) => `/usr/bin/${name}`)

/**
 * The databases of Firefox and Chromium on Linux, which use no other store. On macOS and Windows both use the system's.
 */
export function nssStores(host: Host, subject: Subject): TrustStore[] {
  const isDatabase = (folder: string): boolean => host.has(join(folder, 'cert9.db'))
  const profiles = firefoxFolders.flatMap((folder) =>
    host.list(join(host.home, folder)).map((name) => join(host.home, folder, name)),
  )
  const [common, newer] = chromiumFolders.map((folder) => join(host.home, folder)) as [string, string]
  const inUse = [common, newer].filter(isDatabase)
  const sandboxed = [
    join(host.home, 'snap/chromium/current/.pki/nssdb'),
    ...host.list(join(host.home, '.var/app')).map((name) => join(host.home, '.var/app', name, '.pki/nssdb')),
  ].filter(isDatabase)
  return [
    // Created when there is none: a browser that was never started has none.
    ...(inUse.length > 0 ? inUse : [common]).map((folder) =>
      nssStore(host, subject, 'Chromium, Chrome', folder, inUse.length === 0),
    ),
    ...sandboxed.map((folder) => nssStore(host, subject, 'Chromium (snap, flatpak)', folder, false)),
    ...profiles
      .filter(isDatabase)
      .map((folder) => nssStore(host, subject, `Firefox (${basename(folder)})`, folder, false)),
  ]
}

function nssStore(host: Host, subject: Subject, name: string, folder: string, isMade: boolean): TrustStore {
  const { alias, file, cert } = subject
  const isThere = host.has(join(folder, 'cert9.db'))
  const database = ['-d', `sql:${folder}`]
  const step = (argv: readonly string[], mayFail = false): Step => ({ argv, as: 'user', mayFail })
  // certutil reports a missing certificate and a broken database in the same way.
  const isReadable = async (): Promise<boolean> => (await host.run(['certutil', '-L', ...database])).code === 0
  const clear = step(['certutil', '-D', ...database, '-n', alias], true)
  return {
    name,
    isOfBrowsers: true,
    async find() {
      if (!isThere && !isMade) return { present: false }
      const { code } = await host.run(['certutil', '-H'])
      if (code !== undefined && (!isThere || (await isReadable()))) return { present: true }
      if (code !== undefined) return { present: true, lacks: `certutil cannot read ${folder}` }
      // Without such a browser, certutil is not needed.
      return isThere || chromiums.some((program) => host.has(program))
        ? { present: true, lacks: advice }
        : { present: false }
    },
    async status() {
      if (!isThere) return 'untrusted'
      const { code, stdout } = await host.run(['certutil', '-L', ...database, '-n', alias, '-a'])
      if (code !== 0) return 'untrusted'
      return cert !== undefined && bare(stdout).includes(bare(cert)) ? 'trusted' : 'outdated'
    },
    install: () => [
      ...(isThere
        ? [clear]
        : [step(['mkdir', '-p', '-m', '0700', folder]), step(['certutil', '-N', ...database, '--empty-password'])]),
      // C: trusted to issue server certificates only.
      step(['certutil', '-A', ...database, '-t', 'C,,', '-n', alias, '-i', file]),
    ],
    remove: () => [step(['certutil', '-D', ...database, '-n', alias])],
  }
}

/** Without line breaks: NSS writes CR LF. */
function bare(pem: string): string {
  return pem.replace(/\s/g, '')
}
