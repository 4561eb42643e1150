import type { ResolvedProxy, ResolvedUpstream } from '../../config/route-types.ts'
import type { Warning } from '../../core/warning.ts'
import { withField, type HeaderList } from '../../http/message/headers.ts'
import { faultReason } from '../response/gateway-error.ts'
import type { Transport } from '../types.ts'
import type { UpstreamError } from './upstream-error.ts'

/** What active checks need. */
export interface HealthChecksOptions {
  readonly upstreams: readonly ResolvedUpstream[]
  readonly health: NonNullable<ResolvedProxy['health']>
  /** Fields that the route sets on every request, such as `Host`. Default none. */
  readonly fields?: HeaderList
  readonly transportOf: (upstream: ResolvedUpstream) => Pick<Transport, 'send'>
  /** Called with the outcome of each check. */
  readonly checked: (upstream: ResolvedUpstream, isHealthy: boolean) => void
  /** Called when an upstream begins to fail, with the reason, and when it is well again. Each is well at first. */
  readonly changed: (upstream: ResolvedUpstream, fault: string | undefined) => void
}

/** Active checks under way. */
export interface HealthChecks {
  /** Ends them; nothing is reported afterwards. */
  close(): void
}

/** Asks each upstream for a path, at once and then at intervals. Does not keep the process alive. */
export function createHealthChecks({
  upstreams,
  health,
  fields = [],
  transportOf,
  checked,
  changed,
}: HealthChecksOptions): HealthChecks {
  const closing = new AbortController()
  const timers = new Map<ResolvedUpstream, NodeJS.Timeout>()
  const sick = new Set<ResolvedUpstream>()

  async function check(upstream: ResolvedUpstream): Promise<void> {
    const fault = await ask(checkFields(upstream, fields), transportOf(upstream), health, closing.signal)
    if (closing.signal.aborted) return
    const isHealthy = fault === undefined
    checked(upstream, isHealthy)
    if (isHealthy ? sick.delete(upstream) : !sick.has(upstream)) changed(upstream, fault)
    if (!isHealthy) sick.add(upstream)
    // From the end of a check to the beginning of the next: slow ones never pile up.
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

/** What the route sets stands in place of ours: a backend may know its site or its caller only so. */
function checkFields({ authority }: ResolvedUpstream, set: HeaderList): HeaderList {
  let fields: HeaderList = ['Host', authority, 'User-Agent', 'serve8008-health', 'Accept', '*/*']
  for (let i = 0; i < set.length; i += 2) fields = withField(fields, set[i] as string, set[i + 1] as string)
  return fields
}

/** Says what is wrong, or undefined. */
async function ask(
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
    return ending.signal.aborted ? `no answer in ${timeoutMs} ms` : faultReason(error as UpstreamError)
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', end)
  }
}

/** Tells that an upstream fails its checks, or is well again. */
export function healthWarning(name: string, upstream: string, path: string, fault: string | undefined): Warning {
  const code = 'W8008_HEALTH'
  const who = `${upstream} (route ${name})`
  if (fault === undefined) return { code, message: `${who} passes its health check again.` }
  const hint = 'the other targets of the route get its requests; where none is well, all are tried'
  return { code, message: `${who} fails its health check: GET ${path} (${fault}).`, hint }
}
