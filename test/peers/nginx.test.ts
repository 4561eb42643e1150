import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { startServer, TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'

/** nginx with a folder, WebDAV uploads and a redirect. */
async function startNginx(folder: TempFolder): Promise<{ nginx: Program; port: number }> {
  const port = await freePort()
  const config = `
    daemon off; master_process off; pid ${folder.join('nginx.pid')}; error_log ${folder.join('error.log')};
    events {}
    http {
      access_log off; client_max_body_size 0; gzip on; gzip_types text/plain; gzip_min_length 1; gzip_proxied any;
      client_body_temp_path ${folder.join('bodies')}; proxy_temp_path ${folder.join('p')};
      fastcgi_temp_path ${folder.join('f')}; uwsgi_temp_path ${folder.join('u')}; scgi_temp_path ${folder.join('s')};
      server {
        listen 127.0.0.1:${port};
        root ${folder.join('site')};
        location /moved { return 302 http://$http_host/file.txt?from=moved; }
        location /echo { return 200 "$request_method $request_uri $http_x_forwarded_for $http_x_forwarded_proto"; }
      }
    }`
  await folder.write({ 'nginx.conf': config, 'site/file.txt': 'from nginx\n', 'site/folder/index.html': '<h1>in</h1>' })
  return { nginx: await Program.start(['nginx', '-p', folder.path, '-c', folder.join('nginx.conf')], port), port }
}

test(
  'nginx behind a route: files, ranges, conditions, compression, redirects',
  { skip: missing('nginx') },
  async () => {
    using folder = new TempFolder()
    const big = randomBytes(3 << 20)
    await folder.write({ 'site/big.bin': big })
    const { nginx, port } = await startNginx(folder)
    await using _nginx = nginx
    await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${port}` }, live: false })
    const at = (path: string, init?: RequestInit): Promise<Response> =>
      fetch(`http://localhost:${front.port}${path}`, { redirect: 'manual', ...init })

    const plain = await at('/file.txt', { headers: { 'accept-encoding': 'identity' } })
    assert.equal(plain.status, 200)
    assert.match(plain.headers.get('server') ?? '', /^nginx/)
    assert.equal(await plain.text(), 'from nginx\n')
    const etag = plain.headers.get('etag') ?? ''
    assert.equal((await at('/file.txt', { headers: { 'if-none-match': etag } })).status, 304)
    const zipped = await at('/file.txt')
    assert.equal(zipped.headers.get('content-encoding'), 'gzip')
    assert.equal(await zipped.text(), 'from nginx\n')

    const part = await at('/big.bin', { headers: { range: 'bytes=1000000-1000099' } })
    assert.equal(part.status, 206)
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), big.subarray(1_000_000, 1_000_100))
    assert.deepEqual(Buffer.from(await (await at('/big.bin')).arrayBuffer()), big)

    const moved = await at('/moved')
    assert.equal(moved.status, 302)
    assert.equal(
      new URL(moved.headers.get('location') ?? '', `http://localhost:${front.port}`).port,
      String(front.port),
    )
    assert.equal((await at('/folder')).status, 301)
    assert.equal((await at('/none')).status, 404)
    assert.equal(await (await at('/echo?q=a%2Fb')).text(), 'GET /echo?q=a%2Fb 127.0.0.1 http')
  },
)
