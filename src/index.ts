/**
 * serve8008 as a library: `createServer(options)`, then `listen()`, `close()`, `use()`, `on()`, `handler`, `upgrade` and
 * `fetch()` of the server that it returns. It reads neither the command line nor the environment, installs no signal
 * handlers, never exits the process and prints nothing unless `log` is set. Times are milliseconds, sizes are bytes, and
 * errors are {@link ServeError}s with a stable `code`.
 *
 * @module
 */
export { createServer } from './server/create-server.ts'
export type { ProgramOptions } from './server/embedder-options.ts'
export { localAuthority } from './server/local-authority.ts'
export type { LocalAuthority, LocalAuthorityOptions } from './server/local-authority.ts'
export { defineConfig } from './config/define-config.ts'
export { fromHttpProxy } from './config/from-http-proxy.ts'
export type {
  FromHttpProxyResult,
  FromHttpProxySettings,
  ProxyDifference,
  ProxyProgram,
} from './config/foreign-proxy/types.ts'
export { isServeError, ServeError } from './core/serve-error.ts'
export type { ChannelMessages } from './core/channels.ts'
export type { ErrorCode } from './core/codes.ts'
export type { Warning, WarningCode } from './core/warning.ts'
export type { MatchOptions, ResolvedMatch, ResolvedRoute, RouteOptions } from './config/route-types.ts'
export type { ResolvedAction } from './config/kinds/registry.ts'
export type {
  HealthOptions,
  ProxyOptions,
  ProxySetting,
  ProxyTarget,
  ProxyTimeouts,
  ResolvedProxy,
  ResolvedUpstream,
  UpstreamTlsOptions,
} from './config/kinds/proxy-types.ts'
export type { ChangeEvent, Plugin } from './config/options/plugins.ts'
export type { ServerConfig, ServerListener, ServerSite, ServerTls } from './config/server-config.ts'
export type { SiteOptions } from './config/options/several.ts'
export type { AdvertiseOptions, CertificateFiles, ListenerOptions } from './config/value-types.ts'
export type { ServeOptions } from './config/types.ts'
export type { Limits } from './config/options/limits.ts'
export type { LogFormat } from './config/value-types.ts'
export type { Exchange, Handler, Layer, Notes, Peer, RequestBody } from './http/message/exchange.ts'
export type { HeaderList, RequestHeaders } from './http/message/headers.ts'
export { connectLayer } from './server/connect-layer.ts'
export { fetchLayer } from './server/fetch-layer.ts'
export type { FetchContext, FetchHandler } from './server/fetch-layer.ts'
export { empty, file, fromResponse, html, json, redirect, text } from './server/reply-helpers.ts'
export type { FileInit, ReplyInit } from './server/reply-helpers.ts'
export type { Body, Reply, Sink, Source, Takeover, Validators } from './http/message/reply.ts'
export type { RequestTarget as Target } from './http/message/request-target.ts'
export type { Authority } from './http/message/authority.ts'
export type { FileSlice } from './http/body/file.ts'
export type {
  RecordedExchange,
  RecordedForwarding,
  RecordedMessage,
  RecordedReply,
  Recording,
} from './inspect/types.ts'
export type { Holder, SkippedPort } from './net/types.ts'
export { scan, verify, whoHolds } from './scan/library.ts'
export type { IdlePort, ScanOptions, ScanResult } from './scan/scan-ports.ts'
export type {
  Container,
  Finding,
  Identity,
  PortOwner,
  ProcessInfo,
  Project,
  Reach,
  ScannedPort,
  Severity,
  Supervisor,
} from './scan/types.ts'
export type {
  CheckCode,
  CheckVerdict,
  RelayAttempt,
  RelayResult,
  VerifyCheck,
  VerifyOptions,
  VerifyResult,
} from './scan/verify/types.ts'
export type { PageError, ShownError, Update } from './live/types.ts'
export type {
  AccessRecord,
  ListenerAddress,
  ListenerControl,
  SiteAddress,
  SiteControl,
  ConnectMiddleware,
  ConnectOptions,
  Listening,
  RequestListener,
  RouteControl,
  SecureListening,
  Server8008,
  ServerEvents,
  ServerUrls,
} from './server/types.ts'
