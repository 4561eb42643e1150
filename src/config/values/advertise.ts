import { isLoopback, unbracketed } from '../../core/util/ip.ts'
import { quote, type Problem } from '../diagnostic.ts'
import type { AdvertiseOptions, ResolvedAdvertise, ResolvedListener } from '../value-types.ts'

/** Where Chromecasts accept the protocol of their apps. */
const castPort = 8009
/** Where DIAL devices usually describe themselves. */
const usualDescription = '/ssdp/device-desc.xml'

/** Checks what is advertised. */
export function resolveAdvertise(
  value: boolean | string | AdvertiseOptions,
  problems: Problem[],
): ResolvedAdvertise | undefined {
  if (value === false || value === '') return undefined
  const given: AdvertiseOptions = value === true ? {} : typeof value === 'string' ? { name: value } : value
  const { name, id, http = true, googlecast = false, dial = false } = given
  const problem = (key: string, message: string, hint: string): void =>
    void problems.push({ path: ['advertise', key], message, hint })
  if (name !== undefined && (name.trim() === '' || Buffer.byteLength(name) > 63 || /[\x00-\x1f\x7f]/.test(name)))
    problem('name', `${quote(name)} is not a name`, 'use 1 to 63 bytes of text, such as "My name"')
  if (id !== undefined && !/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id))
    problem(
      'id',
      `${quote(id)} is not a UUID`,
      'use the one that the device has, such as 7d4c0f5e-0c6c-4a3e-9b36-3d2f6f1f8008',
    )
  const port = googlecast === true ? castPort : googlecast === false ? undefined : googlecast
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
    problem('googlecast', `${quote(port)} is not a port`, 'use true or a port from 1 to 65535')
  const path = dial === true ? usualDescription : dial === false ? undefined : dial
  if (path !== undefined && !/^\/[\x21\x24-\x7e]*$/.test(path))
    problem('dial', `${quote(path)} is not a path`, `use true or a path such as ${usualDescription}`)
  if (!http && port === undefined && path === undefined)
    problem('http', 'nothing is advertised', 'leave advertise out, or state googlecast or dial')
  return { name, id: id?.toLowerCase(), http, googlecast: port, dial: path }
}

/** Reports that no device can reach what is advertised. */
export function checkAdvertise(
  advertise: ResolvedAdvertise | undefined,
  listeners: readonly ResolvedListener[],
  problems: Problem[],
): void {
  if (advertise === undefined) return
  const path = ['advertise']
  const reached = listeners.filter(({ socket, host, lan }) => socket === undefined && (lan || !isLocal(host)))
  if (reached.length === 0)
    problems.push({ path, message: 'no other device reaches this server', hint: 'add --lan, or lan: true' })
  else if (advertise.dial !== undefined && reached.every(({ tls }) => tls))
    problems.push({ path, message: 'DIAL needs plain HTTP', hint: 'leave tls: "only" out' })
}

function isLocal(host: string): boolean {
  return isLoopback(unbracketed(host)) || /(?:^|\.)localhost$/i.test(host)
}
