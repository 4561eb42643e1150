import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { createServer as createSite, type Server8008, type ServeOptions } from '../../src/index.ts'
import { TempFolder } from './server.ts'

/** A middleware of Connect and Express. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/** What the tests use of an app; the packages have no types of their own. */
export interface App extends RequestListener {
  use(path: string, ...middleware: readonly (Middleware | App)[]): App
  use(...middleware: readonly (Middleware | App)[]): App
}

/** What the tests use of Express beside that. */
export interface Express {
  (): App
  Router(): App
  json(): Middleware
  text(): Middleware
}

const require = createRequire(import.meta.url)
export const express: Express = require('express') as Express
export const connect: () => App = require('connect') as () => App

/** An app that listens on a port. */
export interface Hosted extends AsyncDisposable {
  readonly port: number
  readonly server: Server
}

export async function host(listener: RequestListener): Promise<Hosted> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A server that does not listen, with a temporary folder. */
export interface EmbeddedSite extends AsyncDisposable {
  readonly site: Server8008
  readonly folder: TempFolder
}

export async function openSite(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: ServeOptions = {},
): Promise<EmbeddedSite> {
  const folder = await new TempFolder().write(files)
  const site = createSite({ root: folder.path, ...options })
  return {
    site,
    folder,
    [Symbol.asyncDispose]: async () => {
      await site.close()
      folder[Symbol.dispose]()
    },
  }
}
