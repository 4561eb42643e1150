import type { ResolvedProxy, ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import type { Warning } from '../../core/warning.ts'
import { withField, type HeaderList } from '../../http/message/headers.ts'
import { faultReason } from '../response/gateway-error.ts'
import type { Transport } from '../types.ts'
import type { UpstreamError } from './upstream-error.ts'

/** Options of {@link createHealthChecks}. */
export interface HealthChecksOptions {
  readonly upstreams: readonly ResolvedUpstream[]
  readonly health: NonNullable<ResolvedProxy['health']>
  /** Fields that the route sets on every request, such as `Host`. Default none. */
  readonly fields?: HeaderList
  readonly transportOf: (upstream: ResolvedUpstream) => Pick<Transport, 'send'>
  /** Called with the outcome of each check. */
  readonly onCheck: (upstream: ResolvedUpstream, isHealthy: boolean) => void
  /** Called with the reason when an upstream begins to fail, and with undefined when it recovers. */
  readonly onChange: (upstream: ResolvedUpstream, fault: string | undefined) => void
}

/** Running health checks. */
export interface HealthChecks {
  /** Stops the checks. No callback is called afterwards. */
  close(): void
}

/** Requests a path from each upstream, immediately and then at intervals. Does not keep the process alive. */
export function createHealthChecks({
  upstreams,
  health,
  fields = [],
  transportOf,
  onCheck,
  onChange,
}: HealthChecksOptions): HealthChecks {
  const closing = new AbortController()
  const timers = new Map<ResolvedUpstream, NodeJS.Timeout>()
  const failing = new Set<ResolvedUpstream>()

  async function check(upstream: ResolvedUpstream): Promise<void> {
    const fault = await requestHealth(
      healthCheckFields(upstream, fields),
      transportOf(upstream),
      health,
      closing.signal,
    )
    if (closing.signal.aborted) return
    const isHealthy = fault === undefined
    onCheck(upstream, isHealthy)
    if (isHealthy ? failing.delete(upstream) : !failing.has(upstream)) onChange(upstream, fault)
    if (!isHealthy) failing.add(upstream)
    // The interval begins when a check ends, so that slow checks do not overlap.
    timers.set(upstream, setTimeout(() => void check(upstream), health.intervalMs).unref())
  }

  for (const upstream of upstreams) void check(upstream)
  return {
    close() {
      closing.abort()
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}

/** Fields that the route sets replace the defaults: an upstream may need them to select the site or to authenticate. */
function healthCheckFields({ authority }: ResolvedUpstream, set: HeaderList): HeaderList {
  let fields: HeaderList = ['Host', authority, 'User-Agent', 'serve8008-health', 'Accept', '*/*']
  for (let i = 0; i < set.length; i += 2) fields = withField(fields, set[i] as string, set[i + 1] as string)
  return fields
}

/** Checks an upstream once. Returns why it failed, or undefined. */
async function requestHealth(
  headers: HeaderList,
  transport: Pick<Transport, 'send'>,
  { path, timeoutMs }: NonNullable<ResolvedProxy['health']>,
  closing: AbortSignal,
): Promise<string | undefined> {
  const ending = new AbortController()
  const end = (): void => ending.abort()
  const timer = setTimeout(end, timeoutMs).unref()
  closing.addEventListener('abort', end)
  try {
    const reply = await transport.send({
      method: 'GET',
      path,
      headers,
      body: null,
      length: undefined,
      whenGone: (callback) => {
        ending.signal.addEventListener('abort', callback)
        return () => ending.signal.removeEventListener('abort', callback)
      },
      inform: () => {},
    })
    if (reply.body !== null && 'cancel' in reply.body) reply.body.cancel()
    return reply.status < 400 ? undefined : String(reply.status)
  } catch (error) {
    return ending.signal.aborted ? `no response within ${timeoutMs} ms` : faultReason(error as UpstreamError)
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', end)
  }
}

/** The warning that an upstream begins to fail its checks, or passes them again. */
export function healthWarning(
  name: string,
  upstream: string,
  { path, fault, isAlone }: { readonly path: string; readonly fault: string | undefined; readonly isAlone: boolean },
): Warning {
  const code = 'W8008_HEALTH'
  const who = `${upstream} (route ${name})`
  if (fault === undefined) return { code, message: `${who} passes its health check again.` }
  const hint = isAlone
    ? 'the route has no other upstream, so requests still go there'
    : 'the other upstreams of the route get its requests; if all fail their checks, all are tried'
  return { code, message: `${who} fails its health check: GET ${path} (${fault}).`, hint }
}
