import { resolve } from 'node:path'
import { hostWithin, isLoopbackName, parseHostName } from '../values/host-name.ts'
import { defaults, optionsByKey } from '../options/option-table.ts'
import { quote, type Problem } from '../diagnostic.ts'
import type { ResolvedConfig, CheckedOptions } from '../types.ts'

/** Addresses and ports to listen on. */
export type ResolvedAddress = Pick<ResolvedConfig, 'ports' | 'fallback' | 'host' | 'lan' | 'socket' | 'fd'>

/** Checks ports, hosts and sockets, and adds defaults. */
export function resolveAddress(options: CheckedOptions, cwd: string, problems: Problem[]): ResolvedAddress {
  const ports = resolvePorts('port', options.port ?? defaults.port, problems)
  const lan = options.lan ?? defaults.lan
  const host = resolveHost(options.host ?? defaults.host, problems)
  if (lan && options.host !== undefined && isLoopbackName(host)) {
    problems.push({
      path: ['lan'],
      message: `cannot be combined with the host ${quote(host)}, which only this machine can reach`,
      hint: 'remove one of them',
    })
  }
  const isWildcard = lan || host === '::' || /^(?:::ffff:0:0|0\.0\.0\.0)$/.test(host)
  if (options.wildcard === false && isWildcard && options.socket === undefined && options.fd === undefined) {
    problems.push({
      path: [lan ? 'lan' : 'host'],
      message: 'the option wildcard forbids listening on every address',
      hint: 'use the host of one address, or add --wildcard',
    })
  }
  const conflicts = (['port', 'socket', 'fd'] as const).filter((key) => options[key] !== undefined)
  if (conflicts.length > 1) {
    problems.push({
      path: [conflicts[1] as string],
      message: `cannot be combined with ${quote(conflicts[0])}: a server listens on a port, a socket or a descriptor`,
      hint: 'keep one of them',
    })
  }
  return {
    ports,
    fallback: ports.length > 1 && !(options.strictPort ?? defaults.strictPort),
    host,
    lan,
    socket: options.socket === undefined ? undefined : resolveSocket(options.socket, cwd, problems),
    fd: options.fd,
  }
}

/** Checks ports; they are tried in this order. */
export function resolvePorts(
  key: 'port' | 'tlsPort',
  port: number | string | readonly (number | string)[],
  problems: Problem[],
): readonly number[] {
  const ports = [port].flat().map(Number)
  const twice = ports.find((value, i) => ports.indexOf(value) !== i)
  if (twice !== undefined) {
    problems.push({ path: [key], message: `${twice} is listed twice`, hint: 'keep one of them' })
  }
  if (ports.length === 0) {
    problems.push({
      path: [key],
      message: 'the list is empty',
      hint: `use ${optionsByKey.get(key)?.accepts ?? ''}`,
    })
  }
  return ports
}

function resolveHost(text: string, problems: Problem[]): string {
  const host = parseHostName(text)
  if (host !== undefined) return host
  const meant = text === '*' ? '0.0.0.0' : hostWithin(text)
  problems.push({
    path: ['host'],
    message: `${quote(text)} is not a host`,
    hint: meant === undefined ? `use ${optionsByKey.get('host')?.accepts ?? ''}` : `did you mean ${quote(meant)}?`,
  })
  return text
}

function resolveSocket(path: string, cwd: string, problems: Problem[]): string {
  if (path === '' || path.includes('\0')) {
    problems.push({ path: ['socket'], message: `${quote(path)} is not a path`, hint: 'use the path of a socket' })
  }
  return resolve(cwd, path)
}
