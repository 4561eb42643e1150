import type { FromHttpProxySettings } from '../../../src/index.ts'
import { angular, httpProxy, middleware2, middleware3, vite, webpack, type Original } from './originals.ts'

/** The proxy options of a public project, with its targets on a backend of the test. */
export interface Project {
  readonly name: string
  readonly options: (backend: string, other: string) => unknown
  readonly settings: FromHttpProxySettings
  readonly original: Original
  /** Paths below the contexts, and others. */
  readonly paths: readonly string[]
  /** Paths of WebSockets, where the program forwards them. */
  readonly webSockets?: readonly string[]
  /** Names of the options that are listed as differences. */
  readonly differences: readonly string[]
}

const below = (...contexts: readonly string[]): string[] =>
  contexts.flatMap((each) => [
    each,
    `${each}/`,
    `${each}/a/b?c=%20d`,
    `${each}/redirect`,
    `${each}/absolute`,
    `${each}/cookie`,
    `${each}/domain`,
  ])

/** Facts about projects as they were published; the options are written by hand. */
export const projects: readonly Project[] = [
  {
    name: 'Immich, the web app (Vite)',
    options: (target) => {
      const upstream = { target: `${target}/`, secure: true, changeOrigin: true, logLevel: 'info', ws: true }
      return { '/api': upstream, '/.well-known/immich': upstream, '/custom.css': upstream }
    },
    settings: { from: 'vite' },
    original: vite,
    paths: [...below('/api'), '/.well-known/immich', '/custom.css', '/other'],
    webSockets: ['/api/socket.io?EIO=4'],
    differences: ['logLevel', 'logLevel', 'logLevel'],
  },
  {
    name: 'a freelancer portal (Vite, with a function)',
    options: (target, other) => ({
      '/api': { target, changeOrigin: true, rewrite: (path: string) => path.replace(/^\/api/, '') },
      '/foo': other,
      '^/fallback/.*': { target: `${other}/v1`, rewrite: (path: string) => path.replace(/^\/fallback/, '') },
    }),
    settings: { from: 'vite' },
    original: vite,
    paths: [...below('/api', '/foo'), '/fallback/x?y', '/other'],
    differences: [],
  },
  {
    name: 'MLflow (Create React App)',
    options: (target, other) => [
      { context: ['/ajax-api'], target: `${target}/`, changeOrigin: true },
      { context: ['/graphql'], target: `${target}/`, changeOrigin: true },
      { context: ['/get-artifact'], target: `${other}/`, ws: true, changeOrigin: true },
      { context: ['/model-versions/get-artifact'], target: `${other}/`, ws: true, changeOrigin: true },
    ],
    settings: { from: 'create-react-app' },
    original: webpack,
    paths: [...below('/ajax-api', '/graphql', '/get-artifact', '/model-versions/get-artifact'), '/model-versions', '/'],
    webSockets: ['/get-artifact/live'],
    differences: [],
  },
  {
    name: 'an administration (Angular)',
    options: (target) => [
      { context: ['/api'], target, secure: false, logLevel: 'debug', changeOrigin: true, pathRewrite: { '^/api': '' } },
      { context: ['/oauth2', '/v3/api-docs', '/h2-console'], target },
    ],
    settings: { from: 'angular' },
    original: angular,
    paths: [...below('/api', '/oauth2', '/v3/api-docs'), '/h2-console/x', '/v3', '/other'],
    differences: ['logLevel'],
  },
  {
    name: 'Bitwarden, the web vault (webpack)',
    options: (target, other) =>
      ['api', 'identity', 'events', 'notifications', 'icons'].map((name, at) => ({
        context: [`/${name}`],
        target: at % 2 === 0 ? target : other,
        pathRewrite: { [`^/${name}`]: '' },
        secure: false,
        changeOrigin: true,
      })),
    settings: { from: 'webpack-dev-server' },
    original: webpack,
    paths: [...below('/api', '/identity', '/events', '/notifications', '/icons'), '/connect', '/'],
    differences: [],
  },
  {
    name: 'Redash (webpack)',
    options: (target) => [
      {
        context: ['/login', '/logout', '/invite', '/setup', '/status.json', '/api', '/oauth'],
        target: `${target}/`,
        changeOrigin: false,
        secure: false,
      },
    ],
    settings: { from: 'webpack-dev-server' },
    original: webpack,
    paths: [...below('/login', '/api', '/oauth'), '/status.json', '/static/app.js'],
    differences: [],
  },
  {
    name: 'Actual Budget (http-proxy-middleware 3 for everything)',
    options: (target) => ({ target, changeOrigin: true, ws: true }),
    settings: { from: 'http-proxy-middleware' },
    original: middleware3('/'),
    paths: [...below('/a'), '/', '/index.html?x'],
    webSockets: ['/', '/sync?id=1'],
    differences: [],
  },
  {
    name: 'Backstage (http-proxy-middleware 2 with a mount)',
    options: (target) => ({
      target: `${target}/svc.v1`,
      headers: { Authorization: 'Bearer token', 'X-Added': 'yes' },
      pathRewrite: { '^/api/proxy/larger-example/v1/?': '/' },
      changeOrigin: true,
      onProxyRes: () => {},
    }),
    settings: { from: 'http-proxy-middleware@2', mount: '/api/proxy/larger-example/v1' },
    original: middleware2('/api/proxy/larger-example/v1'),
    paths: [...below('/api/proxy/larger-example/v1').filter((path) => !path.endsWith('/v1')), '/api/proxy'],
    differences: ['onProxyRes'],
  },
  {
    name: 'a program that mounts http-proxy-middleware 3',
    options: (target, other) => ({
      target: `${target}/secret`,
      pathRewrite: { '^/old': '/new' },
      router: { '/v2': other },
      auth: 'user:password',
    }),
    settings: { from: 'http-proxy-middleware', mount: '/api' },
    original: middleware3('/api'),
    paths: [...below('/api/x', '/api/old', '/api/v2'), '/apix', '/other'],
    differences: [],
  },
  {
    name: 'a shop (webpack, a table with WebSockets)',
    options: (target, other) => ({
      '/api': { target, ws: true, changeOrigin: true, pathRewrite: { '^/api': '' } },
      '/websocket': { target: other, ws: true, changeOrigin: true },
    }),
    settings: { from: 'webpack-dev-server' },
    original: webpack,
    paths: [...below('/api', '/websocket'), '/other'],
    webSockets: ['/api/live?x=1', '/websocket'],
    differences: [],
  },
  {
    name: 'a medical record (Vite, redirects and cookies of a login)',
    options: (target) =>
      Object.fromEntries(
        ['/fake', '/api', '/saml', '/error.jsp'].map((context) => [
          context,
          { target, cookieDomainRewrite: { '*': '' }, protocolRewrite: 'http', changeOrigin: true, autoRewrite: true },
        ]),
      ),
    settings: { from: 'vite' },
    original: vite,
    paths: [...below('/api', '/saml'), '/fake', '/error.jsp?x', '/other'],
    differences: [],
  },
  {
    name: 'a shell for apps (http-proxy for everything)',
    options: (target) => ({
      target,
      changeOrigin: true,
      secure: false,
      autoRewrite: true,
      protocolRewrite: 'http',
      cookieDomainRewrite: '',
      cookiePathRewrite: '/',
    }),
    settings: { from: 'http-proxy' },
    original: httpProxy,
    paths: [...below('/a'), '/', '/index.html?x'],
    webSockets: ['/', '/sync?id=1'],
    differences: [],
  },
]
