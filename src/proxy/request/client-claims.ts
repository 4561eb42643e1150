import { forwardedFields } from '../../http/message/field-classes.ts'
import { plainSpelling } from '../../http/message/headers.ts'

/*
 * Fields in which a proxy describes its client to the upstream. Upstreams trust them, so a client that can send one can
 * impersonate others. They are dropped unless the peer is trusted (`trust`) or the route forwards them (`passHeaders`).
 * Many upstreams read `_` and `.` as `-` (CGI turns all three into `_`), so every spelling is matched.
 */

/** The client's address, which access lists, rate limits, debug modes for 127.0.0.1 and audit logs use. */
const addresses = [
  ...['forwarded', 'forwarded-for', 'x-forward-for', 'http-x-forwarded-for', 'x-original-forwarded-for'],
  ...['x-real-ip', 'client-ip', 'http-client-ip', 'x-client-ip', 'x-cluster-client-ip', 'x-originating-ip'],
  ...['x-remote-ip', 'x-remote-addr', 'x-remote-host', 'remote-addr', 'remote-host', 'x-proxyuser-ip'],
  ...['proxy-client-ip', 'x-coming-from', 'coming-from', 'x-envoy-external-address'],
]

/** The client's address in the fields of content delivery networks. */
const deliveryNetworks = [
  ...['cf-connecting-ip', 'cf-connecting-ipv6', 'cf-pseudo-ipv4', 'cf-ipcountry', 'true-client-ip', 'x-true-client-ip'],
  ...['fastly-client-ip', 'fastly-client', 'x-azure-clientip', 'x-azure-socketip', 'cloudfront-viewer-address'],
  ...['cdn-src-ip', 'incap-client-ip', 'x-sucuri-clientip', 'ali-cdn-real-ip', 'fly-client-ip', 'do-connecting-ip'],
  ...['x-nf-client-connection-ip', 'x-vercel-forwarded-for', 'x-vercel-proxied-for'],
]

/** The host and path of the request, which links, redirects, cache keys and access rules use. */
const targets = [
  ...['x-host', 'x-original-host', 'x-http-host-override', 'forwarded-host', 'x-original-url', 'x-original-uri'],
  ...['x-rewrite-url', 'x-waws-unencoded-url', 'x-envoy-original-path', 'script-name', 'x-script-name', 'path-info'],
]

/** Whether the client uses TLS, which secure cookies and redirects depend on. */
const schemes = [
  ...['x-scheme', 'x-url-scheme', 'x-client-scheme', 'forwarded-proto', 'front-end-https', 'https', 'x-arr-ssl'],
  ...['cf-visitor', 'cloudfront-forwarded-proto', 'fastly-ssl', 'x-appengine-https'],
]

/** The user who logged in at the proxy: the upstream asks for no password. */
const users = [
  ...['remote-user', 'remote-name', 'remote-email', 'remote-groups', 'x-remote-user', 'x-remote-group'],
  ...['x-authenticated-user', 'x-vouch-user', 'x-consumer-id', 'x-consumer-username'],
  ...['x-consumer-custom-id', 'x-credential-identifier', 'sm-user', 'iv-user', 'iv-groups', 'iv-creds'],
  ...['cf-access-authenticated-user-email'],
]

/** The client's certificate, which only the server that terminates TLS has verified (RFC 9440 section 2.4). */
const certificates = [
  ...['client-cert', 'client-cert-chain', 'x-client-cert', 'x-client-certificate', 'x-client-dn', 'x-client-verify'],
  ...['x-ssl-cert', 'x-arr-clientcert'],
]

/**
 * Marks of internal requests, and instructions to the proxy about files. Next.js skipped its middleware for the first
 * (CVE-2025-29927); the last two let clients choose the paths that Rack::Sendfile sends (CVE-2025-61780).
 */
const internal = ['x-middleware-subrequest', 'x-envoy-internal', 'x-sendfile-type', 'x-accel-mapping']

const names: ReadonlySet<string> = new Set([
  ...[...addresses, ...deliveryNetworks, ...targets, ...schemes],
  ...[...users, ...certificates, ...internal],
])

/** Prefixes of names whose rest depends on the installation. */
const prefixes = [
  'x-forwarded',
  // WebLogic: client addresses, certificates, TLS.
  'wl-proxy-',
  // Users, groups and email addresses (oauth2-proxy, authentik, Grafana, Kubernetes, Pomerium, Tailscale, App Engine).
  ...['x-auth-request-', 'x-authentik-', 'x-webauth-', 'x-remote-extra-', 'x-pomerium-', 'tailscale-user-'],
  ...['x-appengine-user-', 'x-goog-authenticated-user-', 'x-ms-client-principal', 'x-amzn-oidc-', 'oidc-claim-'],
  // Certificates (nginx, Apache, Traefik, AWS).
  ...['ssl-client-', 'x-ssl-client-', 'x-tls-client-', 'x-client-cert-', 'x-amzn-mtls-clientcert'],
]

/** Cache of results: clients use few names, and a miss compares the name with every prefix. */
const cache = new Map<string, boolean>()
const maxCached = 512
const maxCachedLength = 64

/** Whether a field (name in lower case) describes the client to the upstream. */
export function isClaim(name: string): boolean {
  const known = cache.get(name)
  if (known !== undefined) return known
  const plain = plainSpelling(name)
  const isMatch = names.has(plain) || prefixes.some((prefix) => plain.startsWith(prefix))
  if (cache.size >= maxCached) cache.clear()
  if (name.length <= maxCachedLength) cache.set(name, isMatch)
  return isMatch
}

/** Whether a claim is one that this proxy does not send itself, such as a user who logged in at a proxy before it. */
export function isOthersClaim(name: string): boolean {
  return !forwardedFields.has(plainSpelling(name))
}
