import { createSocket, type RemoteInfo } from 'node:dgram'
import type { NetworkAddress } from './interfaces.ts'

/** A group of a protocol, and how far its messages go. */
export interface MulticastGroup {
  readonly address: string
  readonly port: number
  /** Hops of a message. */
  readonly ttl: number
}

/** Announces one service on one network. */
export interface Announcer {
  /** Says on the network that the service ends, and stops. */
  withdraw(): Promise<void>
}

/** A socket of one network that is a member of a multicast group. */
export interface MulticastSocket {
  /** Sends to the group, or to one address. Resolves when the message is with the system; what cannot be sent is dropped. */
  send(message: Uint8Array, to?: Pick<RemoteInfo, 'address' | 'port'>): Promise<void>
  close(): void
}

/** Bytes of the longest message that is read: that of an Ethernet frame. */
const mostBytes = 1500

/**
 * Joins a group on one network. Messages from elsewhere are dropped, so that answers never go to another network.
 *
 * @param onError Called once if the socket cannot be used.
 */
export function joinGroup(
  group: MulticastGroup,
  { address, isNear }: NetworkAddress,
  onMessage: (message: Buffer, from: RemoteInfo) => void,
  onError: (error: Error) => void,
): Promise<MulticastSocket> {
  // Other programs of this machine, such as Avahi, use the port too.
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  let isClosed = false
  const close = (): void => {
    if (!isClosed) socket.close()
    isClosed = true
  }
  socket.on('message', (message, from) => {
    if (message.length <= mostBytes && isNear(from.address)) onMessage(message, from)
  })
  return new Promise((resolve) => {
    const made: MulticastSocket = {
      send: (message, to = group) =>
        new Promise((done) => {
          if (isClosed) done()
          else socket.send(message, to.port, to.address, () => done())
        }),
      close,
    }
    socket.on('error', (error) => {
      if (isClosed) return
      close()
      onError(error)
      resolve(made)
    })
    socket.unref()
    // Linux takes the address of the network as the source then; other systems would send from the group's address.
    const bindAddress = process.platform === 'linux' ? group.address : '0.0.0.0'
    socket.bind({ port: group.port, address: bindAddress, exclusive: true }, () => {
      try {
        socket.addMembership(group.address, address)
        socket.setMulticastInterface(address)
        socket.setMulticastTTL(group.ttl)
        // Programs of this machine find the server too.
        socket.setMulticastLoopback(true)
        resolve(made)
      } catch (error) {
        socket.emit('error', error)
      }
    })
  })
}
