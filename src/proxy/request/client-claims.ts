import { forwardedFields } from '../../http/message/field-classes.ts'
import { plainSpelling } from '../../http/message/headers.ts'

/*
 * Fields by which a proxy tells a backend whom it speaks for. A backend that reads one believes it, so a client that may
 * send it may claim to be anyone. They are dropped unless the peer is trusted (`trust`) or the route passes them on
 * (`passHeaders`). Many backends read `_` and `.` as `-` (CGI turns all three into `_`), so every spelling counts.
 */

/** Address of the client: access lists, rate limits, "debug mode for 127.0.0.1" and audit logs go by it. */
const addresses = [
  ...['forwarded', 'forwarded-for', 'x-forward-for', 'http-x-forwarded-for', 'x-original-forwarded-for'],
  ...['x-real-ip', 'client-ip', 'http-client-ip', 'x-client-ip', 'x-cluster-client-ip', 'x-originating-ip'],
  ...['x-remote-ip', 'x-remote-addr', 'x-remote-host', 'remote-addr', 'remote-host', 'x-proxyuser-ip'],
  ...['proxy-client-ip', 'x-coming-from', 'coming-from', 'x-envoy-external-address'],
]

/** The same by the networks that deliver sites, under names of their own. */
const deliveryNetworks = [
  ...['cf-connecting-ip', 'cf-connecting-ipv6', 'cf-pseudo-ipv4', 'cf-ipcountry', 'true-client-ip', 'x-true-client-ip'],
  ...['fastly-client-ip', 'fastly-client', 'x-azure-clientip', 'x-azure-socketip', 'cloudfront-viewer-address'],
  ...['cdn-src-ip', 'incap-client-ip', 'x-sucuri-clientip', 'ali-cdn-real-ip', 'fly-client-ip', 'do-connecting-ip'],
  ...['x-nf-client-connection-ip', 'x-vercel-proxied-for'],
]

/** Host and path that were asked for: links, redirects, cache keys and access rules are made from them. */
const places = [
  ...['x-host', 'x-original-host', 'x-http-host-override', 'forwarded-host', 'x-original-url', 'x-original-uri'],
  ...['x-rewrite-url', 'x-waws-unencoded-url', 'x-envoy-original-path', 'script-name', 'x-script-name', 'path-info'],
]

/** Whether the client came by TLS: secure cookies and redirects go by it. */
const schemes = [
  ...['x-scheme', 'x-url-scheme', 'x-client-scheme', 'forwarded-proto', 'front-end-https', 'https', 'x-arr-ssl'],
  ...['cf-visitor', 'cloudfront-forwarded-proto', 'fastly-ssl', 'x-appengine-https'],
]

/** Who has logged in at the proxy: the backend asks for no password any more. */
const users = [
  ...['remote-user', 'remote-name', 'remote-email', 'remote-groups', 'x-remote-user', 'x-remote-group'],
  ...['x-authenticated-user', 'x-vouch-user', 'x-consumer-id', 'x-consumer-username'],
  ...['x-consumer-custom-id', 'x-credential-identifier', 'sm-user', 'iv-user', 'iv-groups', 'iv-creds'],
  ...['cf-access-authenticated-user-email'],
]

/** Certificate of the client, which only the end of the TLS connection has checked (RFC 9440 section 2.4). */
const certificates = [
  ...['client-cert', 'client-cert-chain', 'x-client-cert', 'x-client-certificate', 'x-client-dn', 'x-client-verify'],
  ...['x-ssl-cert', 'x-arr-clientcert'],
]

/**
 * That the request comes from within, or what the proxy does with files that the backend names: Next.js skipped its
 * middleware for the first (CVE-2025-29927), Rack::Sendfile answered with paths of the client's choice for the last two
 * (CVE-2025-61780).
 */
const inner = ['x-middleware-subrequest', 'x-envoy-internal', 'x-sendfile-type', 'x-accel-mapping']

const names: ReadonlySet<string> = new Set([
  ...[...addresses, ...deliveryNetworks, ...places, ...schemes],
  ...[...users, ...certificates, ...inner],
])

/** Families whose members differ from one installation to the next. */
const families = [
  'x-forwarded',
  // WebLogic: client addresses, certificates, TLS.
  'wl-proxy-',
  // Users, groups and addresses of mail (oauth2-proxy, authentik, Grafana, Kubernetes, Pomerium, Tailscale, App Engine).
  ...['x-auth-request-', 'x-authentik-', 'x-webauth-', 'x-remote-extra-', 'x-pomerium-', 'tailscale-user-'],
  ...['x-appengine-user-', 'x-goog-authenticated-user-', 'x-ms-client-principal', 'x-amzn-oidc-', 'oidc-claim-'],
  // Certificates (nginx, Apache, Traefik, AWS).
  ...['ssl-client-', 'x-ssl-client-', 'x-tls-client-', 'x-client-cert-', 'x-amzn-mtls-clientcert'],
]

/** Names that were judged. Clients use few, and each costs a comparison with every family. */
const judged = new Map<string, boolean>()
const mostJudged = 512
const longestJudged = 64

/** Whether a field (name in lower case) claims something about the client. */
export function isClaim(name: string): boolean {
  const known = judged.get(name)
  if (known !== undefined) return known
  const plain = plainSpelling(name)
  const isOne = names.has(plain) || families.some((family) => plain.startsWith(family))
  if (judged.size >= mostJudged) judged.clear()
  if (name.length <= longestJudged) judged.set(name, isOne)
  return isOne
}

/** Whether a claim is about what we do not tell ourselves, such as the user whom a proxy before us let in. */
export function isOthersClaim(name: string): boolean {
  return !forwardedFields.has(plainSpelling(name))
}
