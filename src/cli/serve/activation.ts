import type { Environment } from '../../config/sources/env.ts'
import type { Warning } from '../../core/warning.ts'

/** What systemd handed over. */
export interface Activation {
  /** The descriptor of the first socket. */
  readonly fd: number
  /** How many sockets there are; only the first is used. */
  readonly sockets: number
}

/** The first descriptor that a service manager hands over (sd_listen_fds(3)). */
const firstDescriptor = 3

/**
 * What systemd socket activation gave us, or undefined. LISTEN_PID must be this process: the variables
 * are inherited, and descriptor 3 of a child of the activated program is something else.
 */
export function socketActivation(env: Environment, pid: number): Activation | undefined {
  const sockets = Number(env['LISTEN_FDS'])
  const meant = env['LISTEN_PID'] === String(pid)
  return meant && Number.isInteger(sockets) && sockets > 0 ? { fd: firstDescriptor, sockets } : undefined
}

/** The warning for sockets beyond the first. */
export function activationWarnings({ sockets }: Activation): Warning[] {
  if (sockets === 1) return []
  const message = `systemd handed over ${sockets} sockets; only the first is served.`
  return [{ code: 'W8008_ACTIVATION', message, hint: 'write one socket unit for each address' }]
}
