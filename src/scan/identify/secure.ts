import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Place } from './exchange.ts'

/** The outcome of a TLS handshake. `refused`: the server speaks TLS and declined ours. */
export interface Handshake {
  readonly result: 'done' | 'refused' | 'none'
  /** The protocol that was negotiated, for example `h2`. */
  readonly alpn: string | undefined
  /** The code of the error, for example `ERR_SSL_WRONG_VERSION_NUMBER`. */
  readonly error: string | undefined
}

/**
 * Opens a TLS connection without checking the certificate: the question is what listens, not whether to trust it. Old
 * versions and weak ciphers are accepted, for the same reason.
 */
export function openTls({ address, port }: Place, protocols: readonly string[]): TLSSocket {
  return connectTls({
    host: address,
    port,
    // Some servers choose the certificate by name and fail without one.
    servername: 'localhost',
    ALPNProtocols: [...protocols],
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT:@SECLEVEL=0',
  })
}

/** Tries a TLS handshake. Never rejects. */
export function handshake(place: Place, timeMs: number): Promise<Handshake> {
  return new Promise((resolve) => {
    const socket = openTls(place, ['h2', 'http/1.1'])
    const settle = (result: Handshake['result'], error?: string): void => {
      clearTimeout(timer)
      place.signal.removeEventListener('abort', abort)
      const alpn = socket.alpnProtocol
      socket.destroy()
      resolve({ result, alpn: typeof alpn === 'string' && result === 'done' ? alpn : undefined, error })
    }
    const abort = (): void => settle('none')
    const timer = setTimeout(settle, timeMs, 'none')
    place.signal.addEventListener('abort', abort)
    socket.once('secureConnect', () => settle('done'))
    socket.once('close', () => settle('none'))
    // Only a TLS server sends an alert.
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => settle(/ALERT/.test(code) ? 'refused' : 'none', code))
    if (place.signal.aborted) abort()
  })
}
