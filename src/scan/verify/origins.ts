import { ask, requestLine, type Request, type Wire } from './wires.ts'
import { askAll, failed, linesOf, notApplicable, foundNothing, passedBy, type Asked, type Tested } from './checks.ts'
import type { TestedServer } from './endpoint.ts'
import type { VerifyCheck } from './types.ts'

const foreign = 'http://evil.test'

/** Paths at which development servers open the socket of live reload. */
const socketPaths = [
  '/',
  '/ws',
  '/livereload',
  '/live-server-ws',
  '/_next/webpack-hmr',
  '/sockjs-node',
  '/_hmr',
  '/browser-sync/socket.io/?EIO=4&transport=websocket',
]

/** Paths of their event streams. */
const eventPaths = ['/__webpack_hmr', '/esbuild', '/events', '/_events', '/sse', '/livereload', '/__reload']

/** What a browser sends to open a WebSocket (RFC 6455 section 4.1). */
function handshake(target: string, origin: string, protocol?: string): Request {
  return {
    target,
    headOnly: true,
    fields: [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
      ['Origin', origin],
      ...(protocol === undefined ? [] : [['Sec-WebSocket-Protocol', protocol] as const]),
    ],
  }
}

/**
 * Whether a page of another origin can open the socket of live reload: browsers let every page try, and leave it to the
 * server to look at `Origin`. For a server of ours the test has the token, as a page of its own would.
 */
export async function checkSockets({ endpoint, wires }: Tested): Promise<VerifyCheck> {
  const over1 = wires.filter(({ version }) => version === '1.1')
  const perWire = await Promise.all(
    over1.map(async (wire) => {
      const targets = [...socketPaths, ...(await ownSocket(endpoint, wire))]
      const own = `${wire.isTls ? 'https' : 'http'}://${endpoint.authority}`
      const requests = (origin: string): Request[] =>
        targets.map((target) => handshake(target, origin, target === '/' ? 'vite-hmr' : undefined))
      const [ours, theirs] = await Promise.all([
        askAll(endpoint, [wire], requests(own)),
        askAll(endpoint, [wire], [...requests(foreign), ...requests('null')]),
      ])
      return { ours, theirs }
    }),
  )
  const isOpen = ({ answer }: Asked): boolean => answer.status === 101
  const opened = perWire.flatMap(({ theirs }) => theirs.filter(isOpen))
  const sent = perWire.flatMap(({ theirs }) => linesOf(theirs))
  if (opened.length > 0) {
    const target = opened[0]?.request.target
    return failed('S8008_WEBSOCKET_ORIGIN', `pages of any site can open the WebSocket ${target}`, linesOf(opened))
  }
  if (!perWire.some(({ ours }) => ours.some(isOpen))) {
    return notApplicable('S8008_WEBSOCKET_ORIGIN', 'no WebSocket of live reload was found', sent)
  }
  // Where no page of its own gets a socket, many servers let others wait for ever.
  const refused = perWire.flatMap(({ ours, theirs }) => {
    const own = ours.filter(isOpen).map(({ request }) => request.target)
    return theirs.filter(({ request }) => own.includes(request.target))
  })
  return passedBy('S8008_WEBSOCKET_ORIGIN', 'opens its WebSocket for its own pages only', refused)
}

/** The socket of live reload of serve8008, with the token that its own pages get. */
async function ownSocket(endpoint: TestedServer, wire: Wire): Promise<string[]> {
  const base = endpoint.path.replace(/[^/]*(?:\?.*)?$/, '')
  const { body } = await ask(endpoint, wire, {
    target: `${base}__serve8008/session`,
    fields: [['X-Serve8008', 'live']],
  })
  const [, token] = /"token":"([\w-]+)"/.exec(body) ?? []
  return token === undefined ? [] : [`${base}__serve8008/socket?token=${token}`]
}

/** Whether a page of another origin can read an event stream: without the field for CORS a browser lets it not. */
export async function checkEvents({ endpoint, wires }: Tested): Promise<VerifyCheck> {
  const [wire] = wires
  const requests = eventPaths.map((target) => ({
    target,
    headOnly: true,
    fields: [
      ['Accept', 'text/event-stream'],
      ['Origin', foreign],
    ] as const,
  }))
  const asked = await askAll(endpoint, [wire], requests)
  const streams = asked.filter(
    ({ answer: { status, fields } }) =>
      status === 200 && /^text\/event-stream\b/i.test(fields.get('content-type') ?? ''),
  )
  const readable = streams.filter(({ answer }) => isAllowed(answer.fields.get('access-control-allow-origin')))
  if (readable.length > 0) {
    const target = readable[0]?.request.target
    return failed('S8008_EVENTS_ORIGIN', `pages of any site can read the events of ${target}`, linesOf(readable))
  }
  if (streams.length === 0) return foundNothing('S8008_EVENTS_ORIGIN', 'no event stream was found', asked)
  return passedBy('S8008_EVENTS_ORIGIN', 'other sites cannot read its event streams', asked)
}

function isAllowed(field: string | undefined): boolean {
  return field === '*' || field === foreign
}

/** Whether replies may be read by origins that are not listed (Fetch, section 3.3). */
export async function checkCors({ endpoint, wires }: Tested): Promise<VerifyCheck> {
  const [wire] = wires
  const preflight = [
    ['Access-Control-Request-Method', 'PUT'],
    ['Access-Control-Request-Private-Network', 'true'],
  ] as const
  const requests: Request[] = [foreign, 'null'].flatMap((origin) => [
    { fields: [['Origin', origin]] },
    { method: 'OPTIONS', fields: [['Origin', origin], ...preflight] },
  ])
  const asked = await askAll(endpoint, [wire], requests)
  const faults = asked.flatMap((each) => {
    const why = corsFault(each)
    return why === undefined ? [] : [{ why, line: requestLine(endpoint, wire, each.request) }]
  })
  const [first] = faults
  if (first !== undefined) {
    const proof = faults.filter(({ why }) => why === first.why).map(({ line }) => line)
    return failed('S8008_CORS', first.why, proof)
  }
  const isPublic = asked.some(({ answer }) => answer.fields.get('access-control-allow-origin') === '*')
  const why = isPublic ? 'every site may read replies, without credentials (*)' : 'other sites cannot read its replies'
  return passedBy('S8008_CORS', why, asked)
}

function corsFault({ request, answer: { fields } }: Asked): string | undefined {
  const allowed = fields.get('access-control-allow-origin')
  const isWithCredentials = fields.get('access-control-allow-credentials') === 'true'
  const origin = request.fields?.find(([name]) => name === 'Origin')?.[1]
  if (fields.get('access-control-allow-private-network') === 'true') {
    return 'it lets public sites into the private network'
  }
  // Both are refused by browsers together, and sent by servers that mean every site.
  if (allowed === '*' && isWithCredentials) return 'it allows every origin, with credentials'
  if (allowed === origin) return `it allows any origin that asks${isWithCredentials ? ', with credentials' : ''}`
  return undefined
}
