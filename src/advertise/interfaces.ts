import { networkInterfaces } from 'node:os'
import { addressSet } from '../core/util/ip.ts'

/** A listener that is advertised. */
export interface AdvertisedListener {
  readonly config: { readonly tls: boolean }
  /** The port, and the addresses; `::` and `0.0.0.0` are all. */
  readonly bound: { readonly port: number; readonly addresses: readonly string[] }
}

/** An IPv4 address of this machine on a network with other devices. */
export interface NetworkAddress {
  readonly address: string
  /** Whether an address belongs to the same network, so that no router forwarded what it sent. */
  readonly isNear: (address: string) => boolean
}

/** The IPv4 addresses at which other devices reach a listener. */
export function reachedAddresses(
  { bound: { addresses } }: AdvertisedListener,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): NetworkAddress[] {
  const isEvery = addresses.some((each) => each === '::' || each === '0.0.0.0')
  return Object.values(interfaces)
    .flatMap((entries) => entries ?? [])
    .filter(
      ({ family, internal, address }) => family === 'IPv4' && !internal && (isEvery || addresses.includes(address)),
    )
    .map(({ address, cidr }) => ({ address, isNear: addressSet([cidr ?? `${address}/32`]) }))
}
