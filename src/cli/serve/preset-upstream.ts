import { once } from 'node:events'
import { connect } from 'node:net'
import { readPreset, upstreamOf } from '../../config/presets.ts'
import { isLoopbackName } from '../../config/values/host-name.ts'
import type { ServeOptions } from '../../config/types.ts'
import type { Warning } from '../../core/warning.ts'

/** Milliseconds that the upstream may take to accept. On this machine it takes microseconds. */
const acceptMs = 500

/**
 * The warning that nothing listens where a preset forwards to, with the command that starts it: who types the command of
 * a preset for the first time has one more to type. Only an upstream on this machine is asked.
 */
export async function upstreamWarning({ preset: name = '', upstream }: ServeOptions): Promise<Warning[]> {
  const preset = readPreset(name)
  const target = upstreamOf(preset, upstream)
  if (target === undefined) return []
  const { label, hostname, port, socketPath } = target
  if (socketPath === undefined && !isLoopbackName(hostname)) return []
  const socket = socketPath === undefined ? connect(port, hostname) : connect(socketPath)
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(acceptMs) })
    return []
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ECONNREFUSED' && code !== 'ENOENT') return []
    const message = `The preset ${name} forwards to ${label}, where no server listens yet.`
    return [
      { code: 'W8008_UPSTREAM', message, ...(preset.start === undefined ? {} : { hint: `start it: ${preset.start}` }) },
    ]
  } finally {
    socket.destroy()
  }
}
