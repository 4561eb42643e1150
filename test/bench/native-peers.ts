/** Servers from Debian, each with the shortest configuration that its manual has for the task, one worker, log off. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Peer, Place, Task } from './peers.ts'

function configured(
  name: string,
  text: (task: Task, place: Place) => string | undefined,
  command: (file: string, place: Place) => readonly string[],
): Peer {
  return {
    name,
    program: name,
    command(task, place) {
      const config = text(task, place)
      if (config === undefined) return undefined
      const file = join(place.folder, `${name}.conf`)
      writeFileSync(file, `${config}\n`)
      return command(file, place)
    },
  }
}

/** A whole configuration of nginx around the content of its one server. */
export function nginxConfig(folder: string, server: string, upstream = ''): string {
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off; pid ${folder}/pid; error_log ${folder}/error.log crit;
events { worker_connections 8192; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxied;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  types { text/html html; text/plain txt; text/javascript js; }
  ${upstream}
  server { ${server} }
}`
}

export function nginxCommand(file: string, { folder }: Pick<Place, 'folder'>): string[] {
  return ['nginx', '-p', folder, '-e', 'stderr', '-c', file]
}

function nginx(task: Task, { folder, site, port, backend, cert, key }: Place): string | undefined {
  if (task === 'brotli') return undefined
  const secure = `ssl_certificate ${cert}; ssl_certificate_key ${key};`
  const listen = task.startsWith('tls') ? `listen 127.0.0.1:${port} ssl http2; ${secure}` : `listen 127.0.0.1:${port};`
  if (!task.endsWith('proxy'))
    return nginxConfig(
      folder,
      `${listen} root ${site}; ${task === 'spa' ? 'location / { try_files $uri /index.html; }' : ''}`,
    )
  // By default it writes an upload to the disk before it forwards it, where all others stream.
  const stream = 'proxy_request_buffering off;'
  const forward = `proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Host $host; ${stream}`
  return nginxConfig(
    folder,
    `${listen} client_max_body_size 0;
    location / { ${forward} proxy_set_header Connection ""; }
    location /events { ${forward} proxy_set_header Connection ""; proxy_buffering off; }
    location /socket { ${forward} proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }`,
    `upstream backend { server 127.0.0.1:${backend}; keepalive 64; }`,
  )
}

function caddy(task: Task, { site, port, backend, cert, key }: Place): string {
  const scheme = task.startsWith('tls') ? 'https' : 'http'
  const secure = scheme === 'https' ? `tls ${cert} ${key}` : ''
  const files = {
    files: 'file_server',
    tls: 'file_server',
    spa: 'try_files {path} /index.html\nfile_server',
    brotli: 'file_server {\nprecompressed br\n}',
  }
  const work = task === 'proxy' || task === 'tls proxy' ? `reverse_proxy 127.0.0.1:${backend}` : files[task]
  return `{\nadmin off\nauto_https off\n}\n${scheme}://127.0.0.1:${port} {\nroot * ${site}\n${secure}\n${work}\n}`
}

function haproxy(task: Task, { folder, port, backend, cert, key }: Place): string | undefined {
  if (!task.endsWith('proxy')) return undefined
  const secure = task === 'tls proxy' ? ` ssl crt ${join(folder, 'pair.pem')} alpn h2,http/1.1` : ''
  writeFileSync(join(folder, 'pair.pem'), `${readFileSync(cert, 'utf8')}${readFileSync(key, 'utf8')}`)
  return `global
  maxconn 8192
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
  timeout tunnel 1h
frontend front
  bind 127.0.0.1:${port}${secure}
  default_backend back
backend back
  server one 127.0.0.1:${backend}`
}

function lighttpd(task: Task, { site, port, backend }: Place): string | undefined {
  const usual = `server.document-root = "${site}"
server.bind = "127.0.0.1"
server.port = ${port}
server.max-fds = 8192
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", ".js" => "text/javascript", ".txt" => "text/plain" )`
  if (task === 'files') return usual
  if (task === 'spa')
    return `${usual}\nserver.modules += ( "mod_rewrite" )\nurl.rewrite-if-not-file = ( "" => "/index.html" )`
  if (task !== 'proxy') return undefined
  return `${usual}
server.modules += ( "mod_proxy" )
server.stream-response-body = 2
proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${backend} ) ) )
proxy.header = ( "upgrade" => "enable" )`
}

export const nativePeers: readonly Peer[] = [
  configured('nginx', nginx, nginxCommand),
  configured('caddy', caddy, (file) => ['caddy', 'run', '--config', file, '--adapter', 'caddyfile']),
  configured('haproxy', haproxy, (file) => ['haproxy', '-db', '-q', '-f', file]),
  configured('lighttpd', lighttpd, (file) => ['lighttpd', '-D', '-f', file]),
]
