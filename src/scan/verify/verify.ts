import { checkCodes } from '../../core/finding-texts.ts'
import { formatHost } from '../../core/util/ip.ts'
import { failed, notApplicable, notTested, passed, type Tested } from './checks.ts'
import { checkTls } from './certificate.ts'
import { openEndpoints, type Reached, type TestedServer } from './endpoint.ts'
import { checkListing, checkSecret, secrets } from './files.ts'
import { checkHosts, checkMissingHost } from './hosts.ts'
import { joinFamilies } from './join-families.ts'
import { stoppedProcess } from '../stopped-process.ts'
import { checkCors, checkEvents, checkSockets } from './origins.ts'
import { testRelay } from './relay.ts'
import type { RelayResult, VerifyCheck, VerifyOptions, VerifyResult } from './types.ts'
import { ask, findWires, type Spoken } from './wires.ts'

const timeIsOver = 'the time for the whole test was over'

/** Tests a server: see `verify` of the library. */
export async function verifyServer(url: string, options: VerifyOptions): Promise<VerifyResult> {
  const { endpoints, closed } = await openEndpoints(url, options)
  const results: VerifyResult[] = []
  // In turn: one server may hold both addresses, and some let only a few connections wait.
  for (const endpoint of endpoints) results.push(await verifyEndpoint(endpoint, closed))
  return joinFamilies(results)
}

async function verifyEndpoint(endpoint: TestedServer, closed: Reached['closed']): Promise<VerifyResult> {
  const spoken = await findWires(endpoint)
  const [first, ...others] = spoken.wires
  const result = (relay: RelayResult, checks: readonly VerifyCheck[]): VerifyResult => ({
    url: shownUrl(endpoint, spoken),
    addresses: [endpoint.address],
    port: endpoint.port,
    protocols: spoken.wires.map(({ name }) => name),
    relay,
    checks,
    passed: checks.every(({ verdict }) => verdict === 'passed' || verdict === 'not applicable'),
  })
  if (first === undefined) {
    const checks = endpoint.isOver
      ? checkCodes.map((code) => notTested(code, timeIsOver))
      : silentChecks(spoken, endpoint.isOwn ? await stoppedProcess(endpoint) : undefined)
    return result({ verdict: 'not tested', attempts: [] }, checks)
  }
  const wires = [first, ...others] as const
  // An open relay would look foreign names up: it is found before they are sent.
  const relay = endpoint.isOwn ? await testRelay(endpoint, wires) : ({ verdict: 'not tested', attempts: [] } as const)
  const subject: Tested = { endpoint, wires, ordinary: await ask(endpoint, first, {}) }
  const isBroken = endpoint.isSecure && !spoken.isTls
  const made: VerifyCheck[] = [
    isBroken
      ? failed('S8008_ANSWER', 'it speaks no TLS, though the URL says https', ['a TLS handshake'])
      : passed('S8008_ANSWER', answerText(spoken, closed), [`GET ${endpoint.path}`]),
  ]
  const steps: readonly (() => VerifyCheck | Promise<VerifyCheck | VerifyCheck[]>)[] = [
    () => relayCheck(relay, endpoint),
    () => (relay.verdict === 'relays to loopback' ? unasked() : checkHosts(subject)),
    () => checkMissingHost(subject),
    () => checkSockets(subject),
    () => checkEvents(subject),
    () => checkCors(subject),
    ...secrets.map((secret) => () => checkSecret(subject, secret)),
    () => checkListing(subject),
    () => checkTls(endpoint, spoken.isTls),
  ]
  for (const step of steps) {
    const found = endpoint.isOver ? [] : [await step()].flat()
    // Of a check that was cut short, only a fault is certain.
    made.push(...(endpoint.isOver ? found.filter(({ verdict }) => verdict === 'failed') : found))
  }
  return result(
    relay,
    checkCodes.map((code) => made.find((each) => each.code === code) ?? notTested(code, timeIsOver)),
  )
}

function answerText({ wires }: Spoken, closed: Reached['closed']): string {
  const speaks = `speaks ${wires.map(({ name }) => name).join(', ')}`
  return closed.length === 0 ? speaks : `${speaks}; nothing listens at ${closed.join(' and ')}`
}

function unasked(): VerifyCheck {
  return notTested('S8008_HOST', 'not asked, since a relay would look the names up')
}

function silentChecks({ isSilent, isTls }: Spoken, stopped: number | undefined): VerifyCheck[] {
  const why =
    stopped !== undefined
      ? `its process is stopped (^Z or SIGSTOP); kill -CONT ${stopped} continues it`
      : isSilent
        ? 'it accepts connections and then does not answer'
        : `it accepts connections and speaks no HTTP${isTls ? ', though TLS' : ''}`
  const sent = ['GET / HTTP/1.1', 'the HTTP/2 preface', 'a TLS handshake']
  return checkCodes.map((code) =>
    code === 'S8008_ANSWER' ? failed(code, why, sent) : notTested(code, 'it does not answer'),
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
