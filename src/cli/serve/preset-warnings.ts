import { once } from 'node:events'
import { connect } from 'node:net'
import type { LoadedConfig } from '../../config/load.ts'
import type { ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import { readPreset, startCommand, upstreamOf } from '../../config/presets.ts'
import { overriddenPreset } from '../../config/overridden-preset.ts'
import { isLoopbackName } from '../../config/values/host-name.ts'
import type { Warning } from '../../core/warning.ts'

/** Milliseconds that an upstream may take to accept. On this machine it takes microseconds. */
const acceptMs = 500

/** What a person should know of the preset that a server was started with. */
export async function presetWarnings(loaded: LoadedConfig): Promise<Warning[]> {
  return [...overriddenPreset(loaded), ...(await upstreamWarning(loaded))]
}

/**
 * The warning that nothing listens where the routes of a preset forward to, with the command that starts it: who types the
 * command of a preset for the first time has one more to type. Only upstreams on this machine are asked.
 */
export async function upstreamWarning({ config, options, origins }: LoadedConfig): Promise<Warning[]> {
  const preset = readPreset(options.preset ?? '')
  const origin = `preset ${preset.name}`
  // Routes of `proxy` come first. The user's are no part of the preset.
  const upstreams = Object.keys(options.proxy ?? {}).flatMap((key, i) => {
    const action = config.routes[i]?.action
    return origins[`proxy.${key}`] === origin && action?.kind === 'proxy' ? action.proxy.upstreams : []
  })
  const asked = [...new Map(upstreams.map((each) => [each.label, each])).values()]
  const answers = await Promise.all(asked.map(isMissing))
  const missing = asked.filter((_, i) => answers[i]).map(({ label }) => label)
  if (missing.length === 0) return []
  const labels = new Intl.ListFormat('en-GB').format(missing)
  const own = upstreamOf(preset, options.upstream)?.label
  const start = startCommand(preset, options.upstream)
  return [
    {
      code: 'W8008_UPSTREAM',
      message: `The preset ${preset.name} forwards to ${labels}, where no server listens yet.`,
      ...(start !== undefined && missing.some((label) => label === own)
        ? { hint: `start it, for example: ${start}` }
        : {}),
    },
  ]
}

/** Whether an upstream is one of this machine that refuses connections. */
async function isMissing({ hostname, port, socketPath }: ResolvedUpstream): Promise<boolean> {
  if (socketPath === undefined && !isLoopbackName(hostname)) return false
  const socket = socketPath === undefined ? connect(port, hostname) : connect(socketPath)
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(acceptMs) })
    return false
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ECONNREFUSED' || code === 'ENOENT'
  } finally {
    socket.destroy()
  }
}
