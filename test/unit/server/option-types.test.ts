import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createServer,
  type file,
  ServeError,
  text,
  type CertificateFiles,
  type HealthOptions,
  type LocalAuthorityOptions,
  type MatchOptions,
  type Plugin,
  type ProgramOptions,
  type ProxyOptions,
  type Reply,
  type ReplyInit,
  type RouteOptions,
  type ServeOptions,
  type ShownError,
  type UpstreamTlsOptions,
} from '../../../src/index.ts'

// Under `exactOptionalPropertyTypes`, which this project is checked with, `{ file?: string }` takes no undefined. Where a
// program hands on what it may not have, as in `showError({ file: error.file })`, that is in its way.

type OptionalKeys<Options> = {
  [Key in keyof Options]-?: Record<never, never> extends Pick<Options, Key> ? Key : never
}[keyof Options]

/** Whether every optional property may be undefined as well. */
type TakesUndefined<Options> =
  { [Key in OptionalKeys<Options>]: undefined } extends Pick<Options, OptionalKeys<Options>> ? true : false

test('every optional property of the options may be undefined', () => {
  true satisfies TakesUndefined<ServeOptions>
  true satisfies TakesUndefined<ProgramOptions>
  true satisfies TakesUndefined<ProxyOptions>
  true satisfies TakesUndefined<NonNullable<ProxyOptions['timeouts']>>
  true satisfies TakesUndefined<NonNullable<ServeOptions['limits']>>
  true satisfies TakesUndefined<HealthOptions>
  true satisfies TakesUndefined<UpstreamTlsOptions>
  true satisfies TakesUndefined<MatchOptions>
  true satisfies TakesUndefined<RouteOptions>
  true satisfies TakesUndefined<Plugin>
  true satisfies TakesUndefined<NonNullable<RouteOptions['reply']>>
  true satisfies TakesUndefined<CertificateFiles>
  true satisfies TakesUndefined<ShownError>
  true satisfies TakesUndefined<LocalAuthorityOptions>
  true satisfies TakesUndefined<Reply>
  true satisfies TakesUndefined<ReplyInit>
  true satisfies TakesUndefined<NonNullable<Parameters<typeof file>[1]>>
  // The check itself tells the two apart.
  false satisfies TakesUndefined<{ file?: string }>
  true satisfies TakesUndefined<{ file?: string | undefined }>
})

test('a value without a name of its own may be undefined too', () => {
  const api: string | undefined = process.env['NO_SUCH_API']
  const server = createServer({
    mounts: { '/docs': api },
    proxy: { '/api': api, '/v1': { to: 3000, headers: { 'x-key': api }, replyHeaders: { 'x-key': api } } },
    headers: { 'x-a': api, '/b': api, '/c': { 'x-c': api } },
    routes: [{ match: { path: '/reply' }, reply: { headers: { 'x-key': api } } }],
  })
  assert.deepEqual(
    server.config.routes.map(({ id }) => id),
    ['/v1', '/reply'],
  )
  assert.deepEqual(server.config.headers, [{ path: '/c', headers: [] }])
  assert.deepEqual(
    server.routes.list().map(({ id }) => id),
    ['/v1', '/reply'],
  )
  // Without a condition the route would take more requests.
  false satisfies { header: { 'x-key': string | undefined } } extends MatchOptions ? true : false
  const init: ReplyInit = { status: undefined, headers: { 'x-a': api, 'x-b': ['1', '2'] } }
  assert.deepEqual(text('', init).headers, [...text('').headers, 'x-b', '1', 'x-b', '2'])
})

test('undefined is as good as not given', () => {
  const server = createServer({
    root: undefined,
    port: process.env['NO_SUCH_PORT'],
    signal: undefined,
    write: undefined,
  })
  server.showError({ title: 'Build failed', message: 'no', file: undefined, line: undefined, frame: undefined })
  assert.deepEqual(server.config, createServer().config)
  assert.equal(new ServeError('E8008_USAGE', 'no', { hint: undefined, headers: undefined }).hint, undefined)
})
