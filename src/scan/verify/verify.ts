import { formatHost } from '../../core/util/ip.ts'
import { failed, notApplicable, passed, type Tested } from './checks.ts'
import { checkTls } from './certificate.ts'
import { openEndpoint, type TestedServer } from './endpoint.ts'
import { checkFiles, checkListing } from './files.ts'
import { checkHosts, checkMissingHost } from './hosts.ts'
import { checkCors, checkEvents, checkSockets } from './origins.ts'
import { testRelay } from './relay.ts'
import { checkCodes, type RelayResult, type VerifyCheck, type VerifyOptions, type VerifyResult } from './types.ts'
import { ask, findWires, type Spoken } from './wires.ts'

/** Tests a server: see `verify` of the library. */
export async function verifyServer(url: string, options: VerifyOptions): Promise<VerifyResult> {
  const endpoint = await openEndpoint(url, options)
  const spoken = await findWires(endpoint)
  const [first, ...others] = spoken.wires
  const result = (relay: RelayResult, checks: readonly VerifyCheck[]): VerifyResult => ({
    url: shownUrl(endpoint, spoken),
    address: endpoint.address,
    port: endpoint.port,
    protocols: spoken.wires.map(({ name }) => name),
    relay,
    checks,
    passed: checks.every(({ verdict }) => verdict !== 'failed'),
  })
  if (first === undefined) return result({ verdict: 'not tested', attempts: [] }, silentChecks(spoken))
  const wires = [first, ...others] as const
  // An open relay would look foreign names up: it is found before they are sent.
  const relay = endpoint.isOwn ? await testRelay(endpoint, wires) : ({ verdict: 'not tested', attempts: [] } as const)
  const ordinary = await ask(endpoint, first, {})
  const subject: Tested = { endpoint, wires, ordinary }
  const hosts =
    relay.verdict === 'relays to loopback'
      ? [notApplicable('S8008_HOST', 'not asked, since it would look the names up')]
      : [await checkHosts(subject)]
  const checks = [
    passed('S8008_ANSWER', `speaks ${wires.map(({ name }) => name).join(', ')}`, [`GET ${endpoint.path}`]),
    relayCheck(relay, endpoint),
    ...hosts,
    await checkMissingHost(subject),
    await checkSockets(subject),
    await checkEvents(subject),
    await checkCors(subject),
    ...(await checkFiles(subject)),
    checkListing(subject),
    ...(await checkTls(endpoint, spoken.isTls)),
  ]
  return result(relay, checks)
}

function silentChecks({ isSilent, isTls }: Spoken): VerifyCheck[] {
  const why = isSilent
    ? 'it accepts connections and then does not answer'
    : `it accepts connections and speaks no HTTP${isTls ? ', though TLS' : ''}`
  const sent = ['GET / HTTP/1.1', 'the HTTP/2 preface', 'a TLS handshake']
  return checkCodes.map((code) =>
    code === 'S8008_ANSWER' ? failed(code, why, sent) : notApplicable(code, 'it does not answer'),
  )
}

function relayCheck({ verdict, attempts }: RelayResult, { isOwn }: TestedServer): VerifyCheck {
  const code = 'S8008_OPEN_RELAY'
  const sent = attempts.map(({ sent: line, protocol }) => `${line} (${protocol})`)
  if (!isOwn) return notApplicable(code, 'another machine cannot reach the listener of the test')
  if (verdict === 'relays to loopback') {
    const proof = sent.filter((_line, i) => attempts[i]?.contacted)
    return failed(code, 'relays to loopback: it contacts servers that the request names', proof)
  }
  return passed(code, `${verdict} (${attempts.length} attempts)`, sent)
}

/** The URL by what was found: a port without a scheme may speak TLS. */
function shownUrl({ hostname, port, path, address }: TestedServer, { wires, isTls }: Spoken): string {
  const isSecure = wires[0]?.isTls ?? isTls
  if (port === 0 && hostname === 'localhost') return `unix:${address}`
  const scheme = isSecure ? 'https' : 'http'
  const shown = port === 0 || port === (isSecure ? 443 : 80) ? '' : `:${port}`
  return `${scheme}://${formatHost(hostname)}${shown}${path}`
}
