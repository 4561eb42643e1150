/** The parts of `@patrickkfkan/peer-dial` that are used here. */
declare module '@patrickkfkan/peer-dial' {
  import type { EventEmitter } from 'node:events'

  /** A DIAL app of a device. */
  export interface DialApp {
    name: string
    state: 'stopped' | 'starting' | 'running'
    allowStop: boolean
    pid: string | null
    launch(args: string): void
  }

  /** Adds a DIAL device to an app of Express; `start` announces it by SSDP. */
  export class Server {
    constructor(options: {
      expressApp: unknown
      port: number
      prefix?: string
      friendlyName?: string
      corsAllowOrigins?: boolean | string
      bindToAddresses?: readonly string[]
      delegate: {
        getApp(name: string): DialApp | undefined
        launchApp(name: string, data: string | null, done: (pid: string | null) => void): void
        stopApp(name: string, pid: string, done: (stopped: boolean) => void): void
      }
    })
  }

  /** A device that was found. */
  export interface DialDevice {
    readonly applicationUrl: string
    readonly friendlyName: string
    getAppInfo(name: string, done: (info: { readonly state: string } | null, error?: unknown) => void): void
    launchApp(name: string, data: string, type: string, done: (launchUrl: string | null, error?: unknown) => void): void
    stopApp(name: string, pid: string, done: (status: number, error?: unknown) => void): void
  }

  /** Searches for devices; emits `found` and `disappear` with the URL of a description. */
  export class Client extends EventEmitter {
    start(): void
    stop(): void
    getDialDevice(url: string, done: (device: DialDevice | null, error?: unknown) => void): void
  }
}
