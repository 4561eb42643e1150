import type { Host, Step, Subject, TrustStore } from './types.ts'

/** How a family of distributions adds an authority. */
interface Distribution {
  readonly name: string
  /** The folder for the administrator's authorities. */
  readonly folder: string
  readonly extension: string
  /** The command that builds the bundles. */
  readonly collect: readonly string[]
  /** The command after a removal, if `collect` alone leaves links to the removed file. */
  readonly drop?: readonly string[]
  /** Bundles that programs read; the first that exists is checked. */
  readonly bundles: readonly string[]
}

const distributions: readonly Distribution[] = [
  {
    name: 'system (Fedora, RHEL)',
    folder: '/etc/pki/ca-trust/source/anchors',
    extension: 'pem',
    collect: ['update-ca-trust', 'extract'],
    bundles: ['/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem'],
  },
  {
    name: 'system (SUSE)',
    folder: '/etc/pki/trust/anchors',
    extension: 'pem',
    collect: ['update-ca-certificates'],
    bundles: ['/var/lib/ca-certificates/ca-bundle.pem'],
  },
  {
    name: 'system (Arch)',
    folder: '/etc/ca-certificates/trust-source/anchors',
    extension: 'crt',
    collect: ['trust', 'extract-compat'],
    bundles: ['/etc/ca-certificates/extracted/tls-ca-bundle.pem'],
  },
  {
    name: 'system (Debian, Ubuntu, Alpine)',
    folder: '/usr/local/share/ca-certificates',
    extension: 'crt',
    collect: ['update-ca-certificates'],
    drop: ['update-ca-certificates', '--fresh'],
    bundles: ['/etc/ssl/certs/ca-certificates.crt'],
  },
]

/** The trust store of curl, wget, git, OpenSSL, Go and others on Linux. Firefox and Chromium have their own. */
export function linuxSystemStore(host: Host, { file, cert, alias }: Subject): TrustStore {
  const found = distributions.find(({ folder }) => host.has(folder))
  const { folder, extension, collect, drop = collect, bundles } = found ?? (distributions.at(-1) as Distribution)
  const anchor = `${folder}/${alias}.${extension}`
  const asRoot = (argv: readonly string[]): Step => ({ argv, as: 'root' })
  return {
    name: found?.name ?? 'system',
    isOfBrowsers: false,
    find: () => Promise.resolve({ present: found !== undefined }),
    status() {
      const installed = host.read(anchor)
      const bundle = bundles.map((each) => host.read(each)).find((text) => text !== undefined)
      const isCollected = cert !== undefined && bundle?.includes(body(cert)) === true
      // Programs read the bundle, which still holds the authority when a removal stopped after its first command.
      if (installed === undefined) return Promise.resolve(isCollected ? 'outdated' : 'untrusted')
      const isHeld = cert !== undefined && installed === cert && (bundle === undefined || isCollected)
      return Promise.resolve(isHeld ? 'trusted' : 'outdated')
    },
    install: () => [asRoot(['install', '-m', '0644', file, anchor]), asRoot(collect)],
    remove: () => [asRoot(['rm', '-f', anchor]), asRoot(drop)],
  }
}

function body(pem: string): string {
  return pem.split('\n').slice(1, 3).join('\n')
}
