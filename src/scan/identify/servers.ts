import { missing, type Level, type Rule } from './rules.ts'

/** A rule for the field `Server`, which many servers send with `name/version`. */
function server(product: string, name: string, level: Level = 'platform'): Rule {
  return {
    product,
    ask: '*',
    level,
    head: new RegExp(`^Server: (?:.* )?${name}(?:/v?(?<version>\\d[\\w.+~-]*))?(?![\\w-])`, 'im'),
  }
}

/** Servers, proxies and what applications are built with. Applications come before them. */
export const servers: readonly Rule[] = [
  // A product of its own, even where others are built with it.
  server('IBM HTTP Server', 'IBM_HTTP_Server', 'field'),
  { product: 'tinyproxy', ask: '*', level: 'field', head: /^Server: tinyproxy(?:\/(?<version>[\d.]+))?/im },
  { product: 'Squid', ask: '*', level: 'field', head: /^Server: squid(?:\/(?<version>[\d.]+))?/im },
  {
    product: 'HAProxy statistics',
    ask: 'GET /',
    level: 'page',
    body: /<title>Statistics Report for HAProxy[^]{0,20000}?HAProxy version (?<version>[\d.]+)/,
  },
  {
    product: 'HAProxy',
    ask: '*',
    level: 'page',
    body: /^<html><body><h1>\d{3} [\w -]+<\/h1>\n(?:No server is available to handle this request|The server didn't respond in time|The server returned an invalid or incomplete response|Request forbidden by administrative rules|Your browser sent an invalid request)\.\n<\/body><\/html>/,
  },
  { product: 'Tomcat', ask: '*', level: 'page', body: /<h3>Apache Tomcat\/(?<version>[\d.]+)/ },
  {
    product: 'Tomcat',
    ask: '*',
    level: 'page',
    body: /^[^<]*<!doctype html><html lang="[\w-]*"><head><title>HTTP Status \d{3} (?:–|&#8211;|-) /,
  },
  {
    product: 'Jetty',
    ask: '*',
    level: 'page',
    body: /<a href="https?:\/\/(?:eclipse\.org\/jetty|jetty\.org)[^>]*>Powered by Jetty:\/\/ ?(?<version>\d[\w.]*)?/,
  },
  {
    product: 'Werkzeug (Flask)',
    ask: missing,
    level: 'page',
    head: /^HTTP\/1\.[01] 404 NOT FOUND$/m,
    body: /<p>The requested URL was not found on the server\. If you entered the URL manually please check your spelling/,
  },
  { product: 'Werkzeug (Flask)', ask: '*', level: 'page', body: /\/\/ Werkzeug Debugger<\/title>/ },
  { product: 'WebSocket server (ws)', ask: '*', level: 'page', head: /^HTTP\/1\.1 426 /, body: /^Upgrade Required$/ },
  server('Apache HTTP Server', 'Apache'),
  server('nginx', '(?:nginx|openresty)'),
  server('Caddy', 'Caddy'),
  server('lighttpd', 'lighttpd'),
  server('Traefik', 'Traefik'),
  server('Envoy', 'envoy'),
  server('Microsoft IIS', 'Microsoft-IIS'),
  server('Windows HTTP service (http.sys)', 'Microsoft-HTTPAPI'),
  server('ASP.NET Core (Kestrel)', 'Kestrel'),
  { product: 'Jetty', ask: '*', level: 'platform', head: /^Server: Jetty(?:\((?<version>[\w.-]+)\))?/im },
  server('uvicorn', 'uvicorn'),
  server('gunicorn', 'gunicorn'),
  server('hypercorn', 'hypercorn(?:-h\\d+)?'),
  server('waitress', 'waitress'),
  server('daphne', 'daphne'),
  server('aiohttp', 'aiohttp'),
  server('Tornado', 'TornadoServer'),
  server('Twisted', 'TwistedWeb'),
  server('CherryPy', 'CherryPy'),
  server('Werkzeug (Flask)', 'Werkzeug'),
  {
    product: 'Python http.server',
    ask: '*',
    level: 'platform',
    head: /^Server: SimpleHTTP\/[\d.]+ Python\/(?<version>[\w.+]+)/im,
  },
  {
    product: 'Python http.server',
    ask: '*',
    level: 'platform',
    head: /^Server: BaseHTTP\/[\d.]+ Python\/(?<version>[\w.+]+)/im,
  },
  {
    product: 'Python wsgiref',
    ask: '*',
    level: 'platform',
    head: /^Server: WSGIServer\/[\d.]+ C?Python\/(?<version>[\w.+]+)/im,
  },
  { product: 'WEBrick', ask: '*', level: 'platform', head: /^Server: WEBrick\/(?<version>[\d.]+)/im },
  server('thin', 'thin'),
  server('Puma', 'puma'),
  server('Cowboy (Erlang, Elixir)', 'Cowboy'),
  // It repeats the Host field of the request as the first of its reply.
  {
    product: 'PHP built-in server',
    ask: '*',
    level: 'field',
    head: /(?<=^HTTP\/1\.[01] \d{3} [\w ]+\n)Host: .*(?=\nDate: .*\nConnection: )(?:[^]*^X-Powered-By: PHP\/(?<version>[\w.-]+))?/im,
  },
  { product: 'PHP', ask: '*', level: 'platform', head: /^X-Powered-By: PHP\/(?<version>[\w.-]+)/im },
  { product: 'Express', ask: '*', level: 'platform', head: /^X-Powered-By: Express/im },
  {
    product: 'Express or Connect',
    ask: missing,
    level: 'platform',
    head: /^Content-Security-Policy: default-src 'none'/im,
    body: /<title>Error<\/title>\n<\/head>\n<body>\n<pre>Cannot GET \/no-such-page-8008<\/pre>/,
  },
  {
    product: 'Fastify',
    ask: missing,
    level: 'platform',
    body: /^\{"message":"Route GET:\/no-such-page-8008 not found","error":"Not Found","statusCode":404\}/,
  },
  {
    product: 'h3 (Nitro)',
    ask: missing,
    level: 'platform',
    body: /^\{[^]{0,200}Cannot find any (?:path|route) matching \[?(?:GET|\/)/,
  },
  {
    product: 'Hono',
    ask: missing,
    level: 'platform',
    head: /^content-type: text\/plain; ?charset=UTF-8/im,
    body: /^404 Not Found$/,
  },
  {
    product: 'FastAPI or Starlette',
    ask: missing,
    level: 'page',
    head: /^Server: uvicorn/im,
    body: /^\{"detail":"Not Found"\}$/,
  },
  {
    product: 'Go net/http',
    ask: missing,
    level: 'platform',
    head: /^X-Content-Type-Options: nosniff/im,
    body: /^404 page not found\n$/,
  },
  { product: 'ASP.NET', ask: '*', level: 'platform', head: /^X-Powered-By: ASP\.NET/im },
  // Any other server, by its own name.
  {
    product: 'unknown',
    ask: '*',
    level: 'platform',
    head: /^Server: (?<product>[A-Za-z][\w .-]{0,30}?)(?:\/v?(?<version>\d[\w.+~-]*)|[\t ]*$|[\t ]*[(;,])/im,
  },
]
