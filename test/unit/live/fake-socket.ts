import { EventEmitter } from 'node:events'

/** A socket that records calls. */
export class FakeSocket extends EventEmitter {
  bufferedAmount = 0
  readonly done: string[] = []

  send(text: string): void {
    this.done.push(text)
  }

  ping(): void {
    this.done.push('ping')
  }

  pong(data: Buffer): void {
    this.done.push(`pong ${data.toString()}`)
  }

  close(code: number): void {
    this.done.push(`close ${code}`)
  }

  terminate(): void {
    this.done.push('terminate')
    this.emit('close')
  }

  /** Emits a message of the page. */
  say(message: object): void {
    this.emit('message', Buffer.from(JSON.stringify(message)), false)
  }
}
