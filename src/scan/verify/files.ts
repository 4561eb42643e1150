import {
  askAll,
  failed,
  linesOf,
  notApplicable,
  notTested,
  passed,
  passedBy,
  type Asked,
  type Tested,
} from './checks.ts'
import type { CheckCode, VerifyCheck } from './types.ts'

/** A kind of file that no server should give away. */
interface Secret {
  readonly code: CheckCode
  /** Targets, sent as they are; with a folder of the URL in front unless they leave it. */
  readonly targets: readonly string[]
  /** Whether content is that of such a file: a server that answers every path by a page is not accused. */
  readonly shows: (body: string, target: string) => boolean
  readonly found: (target: string) => string
  readonly none: string
}

const privateKey = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/
/** The first line of the users of a Unix system, and the fonts of Windows. */
const systemFile = /^root:[^:\n]*:0:0:|^\[fonts\]/m
const up = '../'.repeat(12)

/** The kinds of files that must stay private. */
export const secrets: readonly Secret[] = [
  {
    code: 'S8008_DOTFILES',
    targets: [
      '.git/HEAD',
      '.git/config',
      '.env',
      '%2eenv',
      '.env/.',
      '.env?raw',
      '.env.local',
      '.npmrc',
      '.htpasswd',
      '.bash_history',
    ],
    shows: (body, target) => {
      if (isMarkup(body)) return false
      if (target.startsWith('.git/HEAD')) return /^(?:ref: refs\/|[\da-f]{40,64}\s*$)/.test(body)
      if (target.startsWith('.git/')) return /^\[core\]/m.test(body)
      if (target.startsWith('.htpasswd')) return /^[^\s:]+:\S+$/m.test(body)
      if (target.startsWith('.bash')) return body.trim() !== ''
      return /^\s*(?:export )?[\w@/:.-]+\s*=/m.test(body)
    },
    found: (target) => `${target} is served`,
    none: 'serves none of the names that begin with a dot',
  },
  {
    code: 'S8008_KEYS',
    targets: [
      '.ssh/id_rsa',
      '.ssh/id_ed25519',
      'id_rsa',
      'id_ed25519',
      'server.key',
      'privkey.pem',
      'key.pem',
      'cert/key.pem',
      'certs/dev.pem',
      'localhost-key.pem',
    ],
    shows: (body) => privateKey.test(body),
    found: (target) => `${target} is served, and holds a private key`,
    none: 'serves no private key under the usual names',
  },
  {
    code: 'S8008_BACKUPS',
    targets: [
      'index.html~',
      'index.html.bak',
      'index.html.orig',
      '.index.html.swp',
      'index.php~',
      'index.php.bak',
      'config.php.bak',
      'wp-config.php~',
      'package.json~',
      'package.json.bak',
    ],
    shows: (body, target) => body !== '' && (/\.html[.~]/.test(target) || !isMarkup(body)),
    found: (target) => `the backup ${target} is served`,
    none: 'serves no backup under the usual names',
  },
  {
    code: 'S8008_TRAVERSAL',
    targets: [
      `/${up}etc/passwd`,
      `/${up.replaceAll('../', '..%2f')}etc/passwd`,
      `/${up.replaceAll('../', '%2e%2e/')}etc/passwd`,
      `/${up.replaceAll('../', '%2e%2e%2f')}etc/passwd`,
      `/${up.replaceAll('../', '%252e%252e%252f')}etc/passwd`,
      `/${up.replaceAll('../', '..\\')}etc/passwd`,
      `/${up.replaceAll('../', '..%5c')}etc/passwd`,
      `/${up.replaceAll('../', '..;/')}etc/passwd`,
      `/${up.replaceAll('../', '%c0%ae%c0%ae/')}etc/passwd`,
      `/static/${up}etc/passwd`,
      `/?/${up}etc/passwd`,
      '//etc/passwd',
      `/${up.replaceAll('../', '..%5c')}windows%5cwin.ini`,
      `/${up}windows/win.ini`,
    ],
    shows: (body) => systemFile.test(body),
    found: (target) => `${target} reads a file of the system`,
    none: 'no path leads out of its folder',
  },
  {
    code: 'S8008_OUTSIDE',
    targets: [
      '/@fs/etc/passwd',
      '/@fs/etc/passwd?raw',
      '/@fs/etc/passwd?import&raw??',
      '/@fs/C:/windows/win.ini',
      '/__wds-outside-root__/12/etc/passwd',
      '/_next/../../../../../../../../etc/passwd',
    ],
    shows: (body) => systemFile.test(body.replaceAll(/^export default "/gm, '')),
    found: (target) => `${target} reads a file outside of the project`,
    none: 'no route for files outside of the project',
  },
]

/** Asks for files of a kind. Over the first protocol: which files are served is no matter of the protocol. */
export async function checkSecret({ endpoint, wires }: Tested, secret: Secret): Promise<VerifyCheck> {
  const { code, targets, shows, found, none } = secret
  const folder = endpoint.path.replace(/[^/]*(?:\?.*)?$/, '')
  const requests = targets.map((target) => ({ target: target.startsWith('/') ? target : `${folder}${target}` }))
  // A server may answer everything by the same page, or by an echo.
  const missing = { target: `${folder}no-such-file-${Math.random().toString(36).slice(2)}` }
  const [page, ...asked] = await askAll(endpoint, wires.slice(0, 1), [missing, ...requests])
  const leaks = asked.filter(({ answer: { status, body }, request: { target } }, i) => {
    if (status !== 200 && status !== 206) return false
    return !isSamePage(page, body, target) && shows(body, targets[i] as string)
  })
  const [first] = leaks
  return first === undefined
    ? passedBy(code, none, asked)
    : failed(code, found(first.request.target ?? ''), linesOf(leaks))
}

/** Whether content is what the server answers to any path, also where it repeats the path. */
function isSamePage(page: Asked | undefined, body: string, target = ''): boolean {
  if (page?.answer.status !== 200) return false
  const plain = (text: string, path = ''): string => text.replaceAll(path, '').replaceAll(path.replace(/^\//, ''), '')
  return plain(body, target) === plain(page.answer.body, page.request.target)
}

function isMarkup(body: string): boolean {
  return /^\s*</.test(body)
}

/** What a listing should not offer: hidden names, keys and histories. */
const privateName = /^(?:\.(?!well-known\/?$|\.?\/?$)|id_(?:rsa|dsa|ecdsa|ed25519)$)|\.(?:pem|key|p12|pfx|kdbx)$/i

/** Whether the page of the folder lists private names, as that of a home folder does. */
export function checkListing({ endpoint, wires: [wire], ordinary }: Tested): VerifyCheck {
  const sent = [`GET ${endpoint.path} ${wire.name}`]
  const { status, body, isLate } = ordinary
  if (status === undefined && isLate) return notTested('S8008_LISTING', 'it did not answer in time', sent)
  const isListing =
    status === 200 && /<title>\s*(?:index of|directory listing|listing |files within)|class="crumbs"/i.test(body)
  if (!isListing) return notApplicable('S8008_LISTING', 'the page is no listing', sent)
  const names = [...body.matchAll(/<a\b[^>]*\bhref="([^"?#]*)/gi)].map(([, href = '']) => lastName(href))
  const shown = [...new Set(names.filter((name) => privateName.test(name)))]
  if (shown.length === 0) return passed('S8008_LISTING', 'lists the folder, without hidden names and keys', sent)
  return failed('S8008_LISTING', `its listing offers ${shown.slice(0, 4).join(', ')}`, sent)
}

/** The name that a link points to, with the slash of a folder. */
function lastName(href: string): string {
  const [name = ''] = /[^/]*\/?$/.exec(href) ?? []
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
