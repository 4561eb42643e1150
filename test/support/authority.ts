import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { fileURLToPath } from 'node:url'
import {
  createCertificates,
  type CertificateOptions,
  type Certificates,
  type CertificateWarning,
} from '../../src/tls/tls.ts'
import type { Clock } from '../../src/tls/clock.ts'
import { bundled } from './bundled.ts'
import { TempFolder } from './server.ts'

const day = 86_400_000

/** A clock that stands still until the test moves it. Timers that are due fire then. */
export class FakeClock implements Clock {
  #now: number
  #timers: { at: number; act: () => void }[] = []

  constructor(now: number = Date.now()) {
    this.#now = now
  }

  /** How many timers are pending. */
  get pending(): number {
    return this.#timers.length
  }

  now(): number {
    return this.#now
  }

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.#now + ms, act }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((each) => each !== timer))
  }

  /** Moves the clock at once, as on a machine that slept. Timers that are due fire now. */
  pass(days: number): void {
    this.passMs(days * day)
  }

  passMs(ms: number): void {
    this.#now += ms
    const due = this.#timers.filter(({ at }) => at <= this.#now)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { act } of due) act()
  }
}

/** Certificates that are closed with the test, and what they warned of. */
export interface Opened extends Disposable {
  readonly certificates: Certificates
  readonly warnings: CertificateWarning[]
  /** How often the certificate for clients that name no host changed. */
  readonly changes: { count: number }
  /** Resolves at the next change or warning. */
  next(): Promise<void>
}

/** Opens certificates with defaults for what a test does not care about. */
export async function openCertificates(
  options: Partial<Omit<CertificateOptions, 'onWarning' | 'onChange'>>,
  clock?: Clock,
): Promise<Opened> {
  const warnings: CertificateWarning[] = []
  const changes = { count: 0 }
  let wake = (): void => {}
  const certificates = await createCertificates(
    {
      own: [],
      hosts: [],
      ...options,
      onWarning(warning) {
        warnings.push(warning)
        wake()
      },
      onChange() {
        changes.count++
        wake()
      },
    },
    clock,
  )
  return {
    certificates,
    warnings,
    changes,
    next() {
      // The timers keep no process alive, so the test has to.
      const hold = setInterval(() => {}, 60_000)
      return new Promise<void>((resolve) => void (wake = resolve)).finally(() => clearInterval(hold))
    },
    [Symbol.dispose]: () => certificates.close(),
  }
}

/** How a TLS server of Node asks for the certificate of a name. */
export function chooser(certificates: Certificates): NonNullable<TlsOptions['SNICallback']> {
  return (name, done) => {
    void (async () => done(null, await certificates.contextFor(name)))()
  }
}

/** A plain HTTPS server with the certificates of a local authority in a temporary folder. */
export interface SecureServer extends AsyncDisposable {
  readonly port: number
  /** The folder of the authority. */
  readonly folder: string
  /** The certificate of the authority. */
  readonly ca: string
}

/** Starts one on the loopback. It answers `hello from HOST`. */
export async function startSecureServer(): Promise<SecureServer> {
  const temporary = new TempFolder()
  const folder = temporary.join('serve8008')
  const { certificates } = await openCertificates({ folder })
  const server: Server = createServer(
    {
      ...certificates.current(),
      SNICallback: chooser(certificates),
    },
    (request, response) => response.end(`hello from ${request.headers.host}`),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    folder,
    ca: `${folder}/authority.pem`,
    async [Symbol.asyncDispose]() {
      certificates.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      temporary[Symbol.dispose]()
    },
  }
}

/**
 * Opens certificates in processes of their own, one for each list of hosts, all at once. Resolves to their certificates
 * for clients that name no host.
 */
export async function certificatesOfProcesses(
  folder: string,
  lists: readonly (readonly string[])[],
): Promise<string[]> {
  using temporary = new TempFolder()
  const source = fileURLToPath(new URL('authority-process.ts', import.meta.url))
  const program = await bundled(source, temporary.join('program.mjs'))
  return await Promise.all(lists.map((hosts) => outputOf(process.execPath, [program, folder, ...hosts])))
}

async function outputOf(program: string, words: readonly string[]): Promise<string> {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`The process ended with ${code}.`)
  return text
}
