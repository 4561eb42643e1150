import type { Environment } from '../config/env.ts'

/** The first descriptor that a service manager hands over (sd_listen_fds(3)). */
const firstDescriptor = 3

/**
 * The descriptor that systemd socket activation gave us, or undefined. LISTEN_PID must be this process: the variables
 * are inherited, and descriptor 3 of a child of the activated program is something else.
 */
export function activatedDescriptor(env: Environment, pid: number): number | undefined {
  const count = Number(env['LISTEN_FDS'])
  const meant = env['LISTEN_PID'] === String(pid)
  return meant && Number.isInteger(count) && count > 0 ? firstDescriptor : undefined
}
