import type { Host, Step, Subject, TrustStore } from './types.ts'

/** How a family of distributions takes up further authorities. */
interface Way {
  readonly name: string
  /** Where the administrator's own are put. */
  readonly folder: string
  readonly extension: string
  /** Collects them into what programs read. */
  readonly collect: readonly string[]
  /** Takes out what is gone, where `collect` alone leaves links to it. */
  readonly drop?: readonly string[]
  /** What programs read; the first that is there tells whether it holds ours. */
  readonly bundles: readonly string[]
}

const ways: readonly Way[] = [
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

/** What curl, wget, git, OpenSSL, Go and others of this system trust. Firefox and Chromium have their own. */
export function linuxSystemStore(host: Host, { file, cert, alias }: Subject): TrustStore {
  const way = ways.find(({ folder }) => host.has(folder))
  const { folder, extension, collect, drop = collect, bundles } = way ?? (ways.at(-1) as Way)
  const anchor = `${folder}/${alias}.${extension}`
  const asRoot = (argv: readonly string[]): Step => ({ argv, as: 'root' })
  return {
    name: way?.name ?? 'system',
    find: () => Promise.resolve({ present: way !== undefined }),
    status() {
      const found = host.read(anchor)
      const bundle = bundles.map((each) => host.read(each)).find((text) => text !== undefined)
      const isCollected = cert !== undefined && bundle?.includes(body(cert)) === true
      // Programs read what was collected, even where a change was broken off behind the first of its commands.
      if (found === undefined) return Promise.resolve(isCollected ? 'outdated' : 'absent')
      const isHeld = cert !== undefined && found === cert && (bundle === undefined || isCollected)
      return Promise.resolve(isHeld ? 'trusted' : 'outdated')
    },
    install: () => [asRoot(['install', '-m', '0644', file, anchor]), asRoot(collect)],
    remove: () => [asRoot(['rm', '-f', anchor]), asRoot(drop)],
  }
}

function body(pem: string): string {
  return pem.split('\n').slice(1, 3).join('\n')
}
