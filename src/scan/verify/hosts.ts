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
import { sendHttp1 } from './http1.ts'
import type { VerifyCheck } from './types.ts'

/**
 * Names that a page of an attacker has in its URL when its name resolves to this machine (DNS rebinding), and names that
 * sloppy comparisons take for localhost. All are below reserved names (RFC 2606), so no resolver gives them an address.
 */
function foreignNames(port: number): string[] {
  const suffix = port === 0 ? '' : `:${port}`
  return [
    'evil.test',
    `evil.test${suffix}`,
    `attacker.example${suffix}`,
    `127.0.0.1.nip.test${suffix}`,
    `localhost.evil.test${suffix}`,
    `evillocalhost.test${suffix}`,
  ]
}

/** Whether the server answers for names that are not its own, over each protocol. */
export async function checkHosts(subject: Tested): Promise<VerifyCheck> {
  const { endpoint, wires, ordinary } = subject
  const requests = [...new Set(foreignNames(endpoint.port))].map((authority) => ({ authority }))
  const asked = await askAll(endpoint, wires, requests)
  const answered = asked.filter((each) => isAnswered(each))
  const [first] = answered
  if (first !== undefined) {
    const { authority = '' } = first.request
    return failed(
      'S8008_HOST',
      `it answers for ${authority.replace(/:\d+$/, '')}: a web page of that name can read it by DNS rebinding`,
      linesOf(answered),
    )
  }
  const { status = 0 } = ordinary
  const isSame = status >= 400 && asked.every(({ answer }) => answer.status === status)
  if (isSame) {
    return notApplicable('S8008_HOST', `its own name gets ${status} too; name a path that answers`, linesOf(asked))
  }
  return passedBy('S8008_HOST', `refuses ${requests.length} names that are not its own`, asked)
}

/** A redirect to another name gives nothing away; one that repeats the foreign name, or none, does. */
function isAnswered({ request, answer: { status, fields } }: Asked): boolean {
  if (status === undefined || status >= 400) return false
  if (status < 300) return true
  const [, host] = /^https?:\/\/([^/]*)/i.exec(fields.get('location') ?? '') ?? []
  const name = (text = ''): string => text.replace(/:\d+$/, '').toLowerCase()
  return host === undefined || name(host) === name(request.authority)
}

/** Whether HTTP/1.1 without `Host` is refused, as RFC 9112 section 3.2 demands. */
export async function checkMissingHost({ endpoint, wires }: Tested): Promise<VerifyCheck> {
  const first = wires.filter(({ version }) => version === '1.1')
  const line = `GET ${endpoint.path} HTTP/1.1`
  const answers = await Promise.all(
    first.map((wire) =>
      sendHttp1(wire.open(), `${line}\r\nConnection: close\r\n\r\n`, { timeoutMs: endpoint.timeoutMs }),
    ),
  )
  const sent = first.map(({ name }) => `GET ${endpoint.path} ${name}, without Host`)
  if (first.length === 0) return notApplicable('S8008_HOST_MISSING', 'it does not speak HTTP/1.1')
  const at = answers.findIndex(({ status = 400 }) => status < 400)
  if (at !== -1) {
    return failed('S8008_HOST_MISSING', `a request without Host gets ${answers[at]?.status}`, [sent[at] as string])
  }
  const isLate = answers.some((each) => each.isLate && each.status === undefined)
  if (isLate) return notTested('S8008_HOST_MISSING', 'a request without Host got no answer in time', sent)
  return passed('S8008_HOST_MISSING', 'refuses requests without Host', sent)
}
