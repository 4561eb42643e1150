import { Server, type ListenOptions } from 'node:net'

/** A server that is refused some addresses or ports, as the system of another machine would. */
export class FakeServer extends Server {
  readonly #codeFor: (host: string, port: number) => string | undefined

  constructor(codeFor: (host: string, port: number) => string | undefined) {
    super()
    this.#codeFor = codeFor
  }

  override listen(...args: unknown[]): this {
    const { host = '', port = 0 } = args[0] as ListenOptions
    const code = this.#codeFor(host, port)
    if (code === undefined) return super.listen(args[0] as ListenOptions)
    const error = Object.assign(new Error(`listen ${code}`), { code, syscall: 'listen' })
    process.nextTick(() => this.emit('error', error))
    return this
  }
}
