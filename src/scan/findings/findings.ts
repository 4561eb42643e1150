import { connect } from 'node:tls'
import { fixOf, scanTexts, type ScanCode } from '../../core/finding-texts.ts'
import { homeFolder } from '../../core/util/home.ts'
import type { Finding, ScannedPort, Severity } from '../types.ts'
import { fieldOf, type HttpReply } from '../identify/reply.ts'
import { dividedText, isDivided } from '../reach.ts'
import { getPath, relayOf, type Suspect } from './request.ts'

/** A row before it has findings. */
export type Examined = Omit<ScannedPort, 'findings'>

/** Days before the end of a certificate from which on it is a finding. */
const soonDays = 14

/**
 * What the owner of a port should know: what others can read or run there. Requests go to the port itself alone, only
 * what its program may answer is requested, and nothing is changed.
 *
 * @param others All rows, for ports with two owners.
 * @param contact The address of the port that we reach.
 */
export async function findingsOf(row: Examined, others: readonly Examined[], contact: string): Promise<Finding[]> {
  const suspect = { address: contact, port: row.port, tls: row.identity.protocol.tls }
  const isHttp = row.identity.protocol.http !== undefined
  const asked = await Promise.all([
    ...(isHttp ? [relayFindings(row, suspect), askedFindings(row, suspect)] : []),
    certificateFindings(suspect),
  ])
  return [...stoppedFindings(row), ...knownFindings(row), ...twoOwners(row, others), ...asked.flat()]
}

function finding(code: ScanCode, severity: Severity, why: string, fix: string = fixOf(scanTexts[code])): Finding {
  return { code, severity, why, fix }
}

/** Danger where others reach it, less where only programs and pages on this machine do. */
function byReach({ reach }: Examined, onMachine: Severity): Severity {
  return reach === 'machine' ? onMachine : 'danger'
}

function who({ reach }: Examined): string {
  if (reach === 'machine') return 'Every program of this machine'
  return reach === 'lan' ? 'Everyone in your network' : 'Everyone, also from the internet,'
}

/** Ends the process behind a row. */
function freed({ port }: Examined): string {
  return `serve8008 free ${port}`
}

interface KnownProduct {
  /** Names as `identify` gives them. */
  readonly products: readonly string[]
  readonly code: ScanCode
  readonly what: string
  /** How bad it is on this machine alone; undefined where that is no finding. */
  readonly onMachine: Severity | undefined
  readonly beyond: Severity
}

export const knownProducts: readonly KnownProduct[] = [
  {
    products: ['Node.js inspector', 'Deno inspector', 'Chrome DevTools'],
    code: 'S8008_DEBUGGER',
    what: 'runs any code in the process through its debugger',
    onMachine: undefined,
    beyond: 'danger',
  },
  {
    products: ['Docker API'],
    code: 'S8008_DOCKER',
    what: 'controls Docker, and so the machine, without a password',
    onMachine: 'warning',
    beyond: 'danger',
  },
  {
    products: [
      'PostgreSQL',
      'MySQL',
      'MariaDB',
      'MySQL or MariaDB',
      'MongoDB',
      'Redis',
      'Valkey',
      'memcached',
      'Elasticsearch',
      'OpenSearch',
      'InfluxDB',
      'CouchDB',
    ],
    code: 'S8008_DATABASE',
    what: 'reaches this database; a password may be all that protects it',
    onMachine: undefined,
    beyond: 'warning',
  },
  {
    products: ['Caddy admin', 'mitmweb', 'ngrok', 'Adminer'],
    code: 'S8008_ADMIN',
    what: 'changes the settings of this program, without a password',
    onMachine: undefined,
    beyond: 'danger',
  },
]

function knownFindings(row: Examined): Finding[] {
  const { product } = row.identity
  if (product === undefined) return []
  return knownProducts.flatMap(({ products, code, what, onMachine, beyond }) => {
    const severity = row.reach === 'machine' ? onMachine : beyond
    if (severity === undefined || !products.includes(product)) return []
    return [finding(code, severity, `${who(row)} ${what}.`)]
  })
}

function stoppedFindings({ process }: Examined): Finding[] {
  if (process?.stopped !== true) return []
  const why = `Its process is stopped (^Z or SIGSTOP), so it answers nothing.`
  return [finding('S8008_STOPPED', 'warning', why, `kill -CONT ${process.pid}`)]
}

/** `localhost` means both families, and each may be another program. */
function twoOwners(row: Examined, others: readonly Examined[]): Finding[] {
  // Of the two rows the first has the finding.
  const other = others.slice(others.indexOf(row) + 1).find((each) => isDivided(row, each))
  if (other === undefined) return []
  const name = ({ identity, process, pid }: Examined): string =>
    `${identity.product ?? process?.program ?? 'another program'}${pid === undefined ? '' : ` (pid ${pid})`}`
  const fix = other.pid === undefined ? freed(row) : `${freed(row)} --pid ${other.pid}`
  return [finding('S8008_TWO_OWNERS', 'warning', dividedText(row, other, [name(row), name(other)]), fix)]
}

/** A path that should not be answered, and for which products it is worth a request. */
interface Leak {
  readonly path: string
  /** Names as `identify` gives them; default: every server. */
  readonly products?: readonly string[]
  readonly code: ScanCode
  leaks(answer: HttpReply): boolean
  readonly what: string
  readonly onMachine: Severity
}

export const leaks: readonly Leak[] = [
  {
    path: '/.git/HEAD',
    code: 'S8008_GIT',
    leaks: ({ body }) => /^(?:ref: refs\/|[0-9a-f]{40}\s*$)/.test(body),
    what: 'reads the git repository, with its history',
    onMachine: 'warning',
  },
  {
    path: '/.env',
    code: 'S8008_ENV',
    leaks: ({ body }) => !body.includes('<') && /^(?:export )?[A-Z][A-Z0-9_]*=/m.test(body),
    what: 'reads .env, with its secrets',
    onMachine: 'warning',
  },
  ...['/@fs/etc/passwd', '/@fs/etc/passwd?import&raw??'].map((path) => ({
    path,
    products: ['Vite', 'Astro', 'Storybook', 'Nuxt', 'SvelteKit'],
    code: 'S8008_FILES' as const,
    leaks: ({ body }: HttpReply) => /root:[^:]*:0:0:/.test(body),
    what: 'reads every file of this user through /@fs/',
    onMachine: 'danger' as const,
  })),
  {
    path: '/console',
    products: ['Werkzeug (Flask)'],
    code: 'S8008_CONSOLE',
    leaks: ({ body }) => body.includes('Werkzeug') && /EVALEX|Interactive Console/.test(body),
    what: 'reaches the console of Werkzeug, which runs any code after a PIN',
    onMachine: 'warning',
  },
  {
    path: '/actuator/env',
    products: ['Spring Boot', 'Tomcat', 'Jetty'],
    code: 'S8008_ACTUATOR',
    leaks: ({ body }) => body.includes('"propertySources"'),
    what: 'reads the settings of this application at /actuator/env',
    onMachine: 'warning',
  },
  {
    path: '/phpinfo.php',
    products: ['PHP', 'PHP built-in server', 'Apache HTTP Server', 'nginx'],
    code: 'S8008_PHPINFO',
    leaks: ({ body }) => body.includes('phpinfo()') || body.includes('>PHP Version<'),
    what: 'reads the settings and the environment of PHP at /phpinfo.php',
    onMachine: 'warning',
  },
]

/** An origin that no page has (RFC 6761 section 6.4). */
const foreignOrigin = 'http://origin.invalid'

async function askedFindings(row: Examined, suspect: Suspect): Promise<Finding[]> {
  const { product = '' } = row.identity
  const [root, ...answers] = await Promise.all([
    getPath(suspect, '/', [`Origin: ${foreignOrigin}`]),
    ...leaks.map(({ path, products }) =>
      products === undefined || products.includes(product) ? getPath(suspect, path) : undefined,
    ),
  ])
  const found = leaks.flatMap((leak, at): Finding[] => {
    const answer = answers[at]
    if (answer?.status !== 200 || !leak.leaks(answer)) return []
    const { code, what, onMachine } = leak
    return [finding(code, byReach(row, onMachine), `${who(row)} ${what}.`)]
  })
  const distinct = found.filter(({ code }, at) => found.findIndex((other) => other.code === code) === at)
  return root === undefined ? distinct : [...rootFindings(row, root), ...distinct]
}

async function relayFindings(row: Examined, suspect: Suspect): Promise<Finding[]> {
  const followed = await relayOf(suspect)
  if (followed === undefined) return []
  const why = `${who(row)} reaches any server through it, under the address of this machine: it forwarded ${followed}.`
  return [finding('S8008_OPEN_RELAY', 'danger', why)]
}

const isListing = /<title>[^<]*(?:Index of|Directory listing|Listing of|listing directory)/i

function rootFindings(row: Examined, reply: HttpReply): Finding[] {
  const { status, body } = reply
  const found: Finding[] = []
  const isOpen = status !== 401 && status !== 403 && status !== 407 && status !== 421
  if (row.reach !== 'machine' && isOpen) {
    const why = `${who(row)} can open it: it listens on ${row.addresses.join(' and ')} and asks for no password.`
    found.push(finding('S8008_EXPOSED', 'warning', why))
  }
  if (
    fieldOf(reply, 'access-control-allow-origin') === foreignOrigin &&
    fieldOf(reply, 'access-control-allow-credentials') === 'true'
  ) {
    const why =
      'Every page in your browser reads its answers with your cookies: CORS allows any origin with credentials.'
    found.push(finding('S8008_CORS', 'warning', why))
  }
  const home = homeFolder()
  if (home !== undefined && row.process?.cwd === home && status === 200 && isListing.test(body)) {
    const why = `${who(row)} reads the files of your home folder.`
    found.push(finding('S8008_HOME', byReach(row, 'warning'), why, freed(row)))
  }
  return found
}

async function certificateFindings(suspect: Suspect): Promise<Finding[]> {
  if (!suspect.tls) return []
  const end = await certificateEnd(suspect)
  const days = end === undefined ? Infinity : (end.getTime() - Date.now()) / 86_400_000
  if (days > soonDays || end === undefined) return []
  const day = end.toISOString().slice(0, 10)
  const why = days < 0 ? `Its certificate has expired on ${day}.` : `Its certificate expires on ${day}.`
  return [finding('S8008_TLS_EXPIRY', days < 0 ? 'warning' : 'note', why)]
}

/** When the certificate of a server ends; undefined without an answer. */
function certificateEnd({ address, port }: Suspect): Promise<Date | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, rejectUnauthorized: false, timeout: 1000 })
    const end = (date?: Date): void => {
      socket.destroy()
      resolve(date)
    }
    socket.on('error', () => end())
    socket.on('timeout', () => end())
    socket.on('secureConnect', () => {
      const validTo = new Date(socket.getPeerCertificate().valid_to)
      end(Number.isNaN(validTo.getTime()) ? undefined : validTo)
    })
  })
}
