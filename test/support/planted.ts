import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { RecordedFacts } from './recorded.ts'

/** A secret, and an exchange that has it in one place. */
export interface Planted {
  readonly place: string
  readonly secret: string
  readonly facts: RecordedFacts
}

let count = 0

/** A secret that no other place has: `s3cretNN` and letters that survive every encoding. */
function plant(place: string, facts: (secret: string) => RecordedFacts): Planted {
  const secret = `s3cret${String(++count).padStart(2, '0')}zQxV`
  return { place, secret, facts: facts(secret) }
}

const json = ['Content-Type', 'application/json']
const form = ['Content-Type', 'application/x-www-form-urlencoded']
const events = ['Content-Type', 'text/event-stream']
const multipart = ['Content-Type', 'multipart/form-data; boundary=XX']
const html = ['Content-Type', 'text/html; charset=utf-8']

function jwt(secret: string): string {
  return `eyJhbGciOiJIUzI1NiJ9.eyJ${secret}.${secret}-x_`
}

/** Secrets in every place that traffic has them. */
export const planted: readonly Planted[] = [
  plant('Authorization: Bearer', (s) => ({ requestHeaders: ['Authorization', `Bearer ${s}`] })),
  plant('Authorization: Basic', (s) => ({ requestHeaders: ['authorization', `Basic ${s}`] })),
  plant('Authorization: unknown scheme', (s) => ({ requestHeaders: ['Authorization', s] })),
  plant('Proxy-Authorization', (s) => ({ requestHeaders: ['Proxy-Authorization', `Basic ${s}`] })),
  plant('Cookie', (s) => ({ requestHeaders: ['Cookie', `theme=dark; session=${s}; a="${s}"; ${s}`] })),
  plant('Set-Cookie', (s) => ({ headers: ['Set-Cookie', `anything=${s}; Path=/; HttpOnly; SameSite=Lax`] })),
  ...['X-MS-Client-Principal', 'X-Honeycomb-Team', 'Authorization-Backup', 'X-Amzn-Oidc-Data', 'X-Identity-Header'].map(
    (name) => plant(name, (s) => ({ requestHeaders: [name, s], headers: [name, s] })),
  ),
  plant('JSON in a parameter', (s) => ({ target: `/?q={"a":{"password":"${s}"}}&b` })),
  plant('encoded JSON in a parameter of Referer', (s) => ({
    requestHeaders: ['Referer', `http://localhost/?q=${encodeURIComponent(`[{"token":"${s}"}]`)}#a`],
  })),
  plant('JSON in a form', (s) => ({
    requestHeaders: form,
    requestContent: `payload=${encodeURIComponent(`{"token":"${s}"}`)}`,
  })),
  plant('JSON in a field', (s) => ({ requestHeaders: ['X-Context', `{"token":"${s}"}`] })),
  plant('a pair of name and value in JSON', (s) => ({
    headers: json,
    content: `[{"name":"Authorization","value":"${s}"},{"name":"a","value":"b"}]`,
  })),
  plant('a pair in a list of JSON', (s) => ({ headers: json, content: `[["a","b"],["Cookie","${s}"]]` })),
  plant('an attribute without quotes', (s) => ({ headers: html, content: `<input type=password value=${s}>` })),
  plant('a large field of a form', (s) => ({ headers: html, content: `<textarea name="token">${s}</textarea>` })),
  plant('a key of PGP', (s) => ({
    headers: ['Content-Type', 'text/plain'],
    content: `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${s}\n-----END PGP PRIVATE KEY BLOCK-----`,
  })),
  ...['name=token', "name*=utf-8''token", 'name="token"'].flatMap((name) =>
    ['\r\n', '\n'].map((end) =>
      plant(`multipart with ${name} and ${JSON.stringify(end)}`, (s) => ({
        requestHeaders: multipart,
        requestContent: `--XX${end}Content-Disposition: form-data; ${name}${end}${end}${s}${end}--XX--${end}`,
      })),
    ),
  ),
  plant('X-Api-Key', (s) => ({ requestHeaders: ['X-Api-Key', s] })),
  plant('X-Auth-Token of a reply', (s) => ({ headers: ['X-Auth-Token', s] })),
  plant('a field of any name with Bearer', (s) => ({ requestHeaders: ['X-Upstream', `Bearer ${s}`] })),
  plant('a field of any name with a JWT', (s) => ({ requestHeaders: ['X-Upstream', jwt(s)] })),
  plant('Sec-WebSocket-Protocol', (s) => ({ requestHeaders: ['Sec-WebSocket-Protocol', `chat, bearer.token.${s}`] })),
  plant('userinfo of Host', (s) => ({
    authority: `ada:${s}@localhost`,
    requestHeaders: ['Host', `ada:${s}@localhost`],
  })),
  plant('query', (s) => ({ target: `/?page=1&access_token=${s}&q=x` })),
  plant('encoded query', (s) => ({ target: `/?next=${encodeURIComponent(`/login?token=${s}`)}` })),
  plant('path parameter', (s) => ({ target: `/a;token=${s}/b` })),
  plant('path with a JWT', (s) => ({ target: `/reset/${jwt(s)}/now` })),
  plant('userinfo of an absolute target', (s) => ({ target: `http://ada:${s}@localhost/` })),
  plant('fragment of Location', (s) => ({
    status: 302,
    headers: ['Location', `http://localhost/#access_token=${s}&a=b`],
  })),
  plant('code in Location', (s) => ({ status: 302, headers: ['Location', `/callback?code=${s}&state=x`] })),
  plant('Referer', (s) => ({ requestHeaders: ['Referer', `http://localhost/?sig=${s}`] })),
  plant('Link', (s) => ({ headers: ['Link', `</a.css?token=${s}>; rel=preload`] })),
  plant('Content-Location', (s) => ({ headers: ['Content-Location', `/a?X-Amz-Signature=${s}`] })),
  plant('JSON', (s) => ({ headers: json, content: `{"user": "ada", "password": "${s}"}` })),
  plant('JSON at depth', (s) => ({
    headers: ['Content-Type', 'application/vnd.api+json'],
    content: JSON.stringify({ data: [{ attributes: { credentials: { any: ['x', { deep: s }] } } }] }),
  })),
  plant('JSON that is cut off', (s) => ({ headers: json, bytes: 1e6, content: `{"a":[1,2,{"client_secret":"${s}` })),
  plant('JSON in a string of JSON', (s) => ({
    requestHeaders: json,
    requestContent: JSON.stringify({ payload: JSON.stringify({ inner: JSON.stringify({ apiKey: s }) }) }),
  })),
  plant('JSON in JSON that is cut off within an escape', (s) => ({
    headers: json,
    bytes: 1e6,
    content: String.raw`{"text":"{\"password\":\"${s}\u00`,
  })),
  plant('JSON in JSON that has a wrong escape', (s) => ({
    headers: json,
    content: String.raw`{"text":"{\"password\":\"${s}\x\"}"}`,
  })),
  plant('lines of JSON', (s) => ({
    headers: ['Content-Type', 'application/x-ndjson'],
    content: `{"a":1}\n{"refresh_token":"${s}"}\n`,
  })),
  plant('GraphQL', (s) => ({
    requestHeaders: json,
    requestContent: JSON.stringify({ query: `mutation { login(user: "ada", password: "${s}") { id } }` }),
  })),
  plant('URL in JSON', (s) => ({ headers: json, content: `{"next":"https://a.test/?page=2&api_key=${s}"}` })),
  plant('form', (s) => ({
    method: 'POST',
    requestHeaders: form,
    requestContent: `user=ada&user%5Bpassword%5D=${s}&a=b`,
  })),
  plant('multipart', (s) => ({
    method: 'POST',
    requestHeaders: multipart,
    requestContent: `--XX\r\nContent-Disposition: form-data; name="password"\r\n\r\n${s}\r\n--XX--\r\n`,
  })),
  plant('JSON in multipart', (s) => ({
    method: 'POST',
    requestHeaders: multipart,
    requestContent: `--XX\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: application/json\r\n\r\n{"token":"${s}"}\r\n--XX--\r\n`,
  })),
  plant('element of XML', (s) => ({
    requestHeaders: ['Content-Type', 'application/soap+xml'],
    requestContent: `<Envelope><wsse:Password Type="x"><![CDATA[${s}]]></wsse:Password><a>b</a></Envelope>`,
  })),
  plant('attribute of XML', (s) => ({
    headers: ['Content-Type', 'text/xml'],
    content: `<add key="a" password='${s}'/>`,
  })),
  plant('hidden field of HTML', (s) => ({
    headers: html,
    content: `<p>Hello<form><input type="hidden" name="csrf_token" value="${s}"></form>`,
  })),
  plant('script in HTML', (s) => ({ headers: html, content: `<script>window.state = {accessToken: '${s}'}</script>` })),
  plant('JSON in a string of a script', (s) => ({
    headers: ['Content-Type', 'text/javascript'],
    content: `JSON.parse("{\\"password\\": \\"${s}\\", \\"a\\": 1}")`,
  })),
  plant('JSON in an attribute of HTML', (s) => ({
    headers: html,
    content: `<div data-page="{&quot;user&quot;:{&quot;apiToken&quot;:&quot;${s}&quot;}}"></div>`,
  })),
  plant('settings as text', (s) => ({ content: `PORT=3000\nDATABASE_PASSWORD=${s}\n` })),
  plant('data of SSE', (s) => ({ headers: events, content: `id: 1\ndata: {"token":\ndata:   "${s}"}\n\n` })),
  plant('text of SSE', (s) => ({ headers: events, content: `data: see https://a.test/?token=${s}\n\n` })),
  plant('metadata of gRPC', (s) => ({
    requestHeaders: ['content-type', 'application/grpc', 'x-session-bin', s],
  })),
  plant('trailers of gRPC', (s) => ({ headers: ['content-type', 'application/grpc'], trailers: ['x-auth-token', s] })),
  plant('message of gRPC', (s) => ({
    headers: ['content-type', 'application/grpc'],
    content: `\0\0\0\0\x0d\n\x0b${s}`,
  })),
  plant('gzip', (s) => ({
    headers: [...json, 'Content-Encoding', 'gzip'],
    content: gzipSync(`{"token":"${s}"}`),
  })),
  plant('br that is cut off', (s) => ({
    headers: [...json, 'Content-Encoding', 'br'],
    content: brotliCompressSync(`{"token":"${s}"${' '.repeat(9000)}}`).subarray(0, -1),
    bytes: 5000,
  })),
  plant('a coding that is not known', (s) => ({ headers: [...json, 'Content-Encoding', 'rot13'], content: s })),
  plant('bytes without a type', (s) => ({ headers: [], content: `\0\0password${s}` })),
  plant('UTF-16', (s) => ({
    headers: ['Content-Type', 'application/json; charset=utf-16le'],
    content: Buffer.from(`{"token":"${s}"}`, 'utf16le'),
  })),
  plant('a cookie that a page repeats', (s) => ({
    requestHeaders: ['Cookie', `sid=${s}`],
    headers: html,
    content: `<p>Your session is ${s}.`,
  })),
  plant('a password that a reply repeats', (s) => ({
    method: 'POST',
    requestHeaders: form,
    requestContent: `password=${s}`,
    content: `Wrong: ${s}`,
  })),
  plant('password of Basic in a reply', (s) => ({
    requestHeaders: ['Authorization', `Basic ${Buffer.from(`ada:${s}`).toString('base64')}`],
    content: `Hello ${s}`,
  })),
]
